import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

/** One of the cloud's own daemons, run from the services image. */
export interface ServiceProgram {
  name: string;
  /** Command line inside the image; the folder `state` is its /srv. */
  command: string[];
  /** Folder of its files on this machine. */
  state: string;
  env?: Record<string, string>;
  /** File of its network namespace, or the number of an open one. */
  network: string | number;
}

/**
 * Starts a daemon in the services image, with a mount namespace of its own, so that nothing stays mounted after it.
 * @param image - Root of the services image.
 */
export function startService(image: string, program: ServiceProgram, failed: (line: string) => void): ChildProcess {
  mkdirSync(program.state, { recursive: true });
  const log = openSync(join(program.state, `${program.name}.log`), "a", 0o600);
  const script = `mount --make-rprivate /
mount --bind "$STATE" "$IMAGE/srv"
mount -t tmpfs tmpfs "$IMAGE/run"
mount --rbind /dev "$IMAGE/dev"
mount -t proc proc "$IMAGE/proc"
test -e "$IMAGE/etc/resolv.conf" || : > "$IMAGE/etc/resolv.conf"
mount --bind /etc/resolv.conf "$IMAGE/etc/resolv.conf"
exec chroot "$IMAGE" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"`;
  const settings = Object.entries(program.env ?? {}).map(([key, value]) => `${key}=${value}`);
  const words = ["unshare", "--mount", "sh", "-eu", "-c", script, program.name, ...settings, ...program.command];
  const { network } = program;
  const file = typeof network === "number" ? `/proc/self/fd/${network}` : network;
  const child = spawn("nsenter", [`--net=${file}`, ...words], {
    stdio: ["ignore", log, log, ...(typeof network === "number" ? [network] : [])],
    env: { PATH: process.env.PATH, STATE: program.state, IMAGE: image },
  });
  closeSync(log);
  child.on("exit", (code, signal) =>
    failed(`${program.name} ended with ${code ?? signal}; see ${program.state}/${program.name}.log`),
  );
  return child;
}
