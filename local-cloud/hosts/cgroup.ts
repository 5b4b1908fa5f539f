import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A control group that holds everything of a cloud, with one below it for each host. It limits the memory of a host,
 * and it is how `down` finds exactly the processes that this cloud started, whoever their parent is by then.
 */
export class ControlGroup {
  constructor(
    /** `mailstack-CLOUD` or `mailstack-CLOUD/HOST`. */
    private readonly path: string,
  ) {}

  /**
   * Makes the group; `memoryMiB` is a hard limit for all of its processes together. They may swap as much again: swap is
   * the machine's, which may have far more than the host's own file.
   */
  create(memoryMiB?: number): void {
    for (const folder of this.folders) mkdirSync(folder, { recursive: true });
    if (memoryMiB === undefined) return;
    const bytes = memoryMiB * 1024 * 1024;
    if (unified) enableMemory(join(unifiedRoot, this.path));
    writeFileSync(join(this.folder, unified ? "memory.max" : "memory.limit_in_bytes"), String(bytes));
    // Cgroup v1 limits memory and swap together. Missing where the kernel does not count swap.
    const swap = join(this.folder, unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
    if (existsSync(swap)) writeFileSync(swap, String(unified ? bytes : 2 * bytes));
  }

  /** Shell words that put the shell that runs them into this group. */
  get enter(): string {
    return this.folders.map((folder) => `echo $$ > ${join(folder, "cgroup.procs")}`).join(" && ");
  }

  /** Process ids in this group and below. */
  members(): number[] {
    return listed(this.folder);
  }

  /** Ends all processes and removes the group. */
  async end(): Promise<void> {
    for (let tries = 0; tries < 100 && this.members().length > 0; tries += 1) {
      for (const pid of this.members()) signal(pid);
      await sleep(50);
    }
    const left = this.members();
    if (left.length > 0) throw new Error(`the processes ${left.join(", ")} of ${this.path} do not end`);
    for (const folder of this.folders) remove(folder);
  }

  private get folder(): string {
    return this.folders[0]!;
  }

  /** systemd-nspawn makes groups of its own below the caller's in each of these, so each has a place to clean. */
  private get folders(): string[] {
    if (unified) return [join(unifiedRoot, this.path)];
    return [memoryRoot, ...namedRoots.filter((root) => existsSync(root))].map((root) => join(root, this.path));
  }
}

const unifiedRoot = "/sys/fs/cgroup";
const memoryRoot = "/sys/fs/cgroup/memory";
const namedRoots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
/** cgroup v2 alone has this file at its root; hybrid and v1 machines have a memory hierarchy of their own. */
const unified = existsSync(join(unifiedRoot, "cgroup.controllers"));

function enableMemory(path: string): void {
  const parts = path.slice(unifiedRoot.length + 1).split("/");
  for (let depth = 0; depth < parts.length; depth += 1)
    writeFileSync(join(unifiedRoot, ...parts.slice(0, depth), "cgroup.subtree_control"), "+memory");
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => folders(join(path, entry.name))), path];
}

function listed(path: string): number[] {
  return folders(path).flatMap((folder) => {
    try {
      return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function remove(path: string): void {
  for (const folder of folders(path)) rmdirSync(folder);
}
