import { existsSync, readFileSync } from "node:fs";

/**
 * Says in one line what this machine lacks, before anything is changed on it.
 * @throws Error with that line.
 */
export function requireMachine(): void {
  if (process.platform !== "linux") throw new Error("the local cloud boots Linux systems; run it on a Debian machine");
  if (process.getuid?.() !== 0)
    throw new Error("the local cloud makes namespaces and mounts; run it as root: sudo npm run local");
  if (!existsSync("/usr/bin/apt-get"))
    throw new Error("this machine has no apt-get; the local cloud needs Debian 12 or newer");
  if (!existsSync("/sys/fs/cgroup")) throw new Error("this machine has no control groups at /sys/fs/cgroup");
  const memory = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) / 1024;
  if (memory < 3500)
    throw new Error(`this machine has ${Math.round(memory)} MiB of memory; the local cloud needs 4 GiB`);
}
