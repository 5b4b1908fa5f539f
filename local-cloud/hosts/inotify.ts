import { readFileSync, writeFileSync } from "node:fs";

const file = "/proc/sys/fs/inotify/max_user_instances";

/** A booted system takes about 25, and all systems of this machine share the kernel's default of 128 (inotify(7)). */
const enough = 1024;

/** Lets this machine boot more than four or five hosts; a sixth one's init would end with "Too many open files". */
export function allowManyHosts(progress: (line: string) => void): void {
  if (Number(readFileSync(file, "utf8")) >= enough) return;
  progress(`raising fs.inotify.max_user_instances of this machine to ${enough}, until it is rebooted`);
  writeFileSync(file, String(enough));
}
