/** One run at a time on a stack, and what a killed run leaves of Pulumi's own lock. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alone } from "../alone";

/** A first `up` takes about a minute; longer is a hung run that somebody should look at. */
const patienceSeconds = 1200;

/**
 * Does `work` while no other run holds the lock `name` of this stack's folder.
 * @throws Error when the other run does not end in 20 minutes.
 */
export function aloneOnStack<T>(
  folder: string,
  name: string,
  progress: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const lockFile = join(folder, `${name}.lock`);
  return alone({ folder, lockFile, doing: "at work on this stack", patienceSeconds, progress }, work);
}

/**
 * Waits for a Pulumi that outlived the run which started it, and then lifts the locks of those that were killed.
 * @param folder - Where Pulumi's file backend keeps the locks of this stack.
 * @throws Error when that Pulumi does not end.
 */
export async function liftStaleLocks(
  folder: string,
  progress: (line: string) => void,
  lift: () => Promise<void>,
): Promise<void> {
  let owners = lockOwners(folder);
  for (let waited = 0; owners.some(isRunning); waited += 1) {
    if (waited === 0) progress("an earlier pulumi is still at work on this stack; waiting for it to end");
    if (waited > patienceSeconds)
      throw new Error(`pulumi (process ${owners.join(", ")}) holds this stack and does not end`);
    await sleep(1000);
    owners = lockOwners(folder);
  }
  if (owners.length === 0) return;
  progress("the last run was killed; lifting the lock it left");
  await lift();
}

/** Process ids in the lock files; 0 for one that was cut off while it was written. */
function lockOwners(folder: string): number[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return files.map((name) => Number(/"pid":\s*(\d+)/.exec(readFileSync(join(folder, name), "utf8"))?.[1] ?? 0));
}

/** A dead process that nobody waited for still has an entry; another program may have its number by now. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (pid === 0 || !existsSync(file)) return false;
  return /^\d+ \(pulumi\) [^ZX]/.test(readFileSync(file, "utf8"));
}
