import { once } from "node:events";
import { join } from "node:path";
import { execa } from "execa";

/** Arguments of all processes that were seen while the work was going on, one process a line. */
export async function argumentsDuring(work: () => Promise<unknown>): Promise<string> {
  const program = join(__dirname, "sample-arguments.ts");
  // Before all others: on a busy machine it would look too seldom, and miss what runs for a moment.
  const node = [process.execPath, "--conditions=import", "--import", "tsx", program];
  const sampler = execa("nice", ["-n", "-19", ...node]);
  await once(sampler.stdout, "data");
  await work().finally(() => sampler.stdin.end());
  const last = (await sampler).stdout.split("\n").at(-1)!;
  return (JSON.parse(last) as string[]).join("\n");
}
