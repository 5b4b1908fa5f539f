import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { addresses, type HostSpec } from "../contracts";
import { attempt, must } from "../images/command";
import { cloudNamespace, hostNamespace } from "../places";
import type { ControlGroup } from "./cgroup";
import { linkName } from "./link";
import { diskFolder } from "./volumes";

/**
 * Options without which ufw, swap or a guest's network would not work in systemd-nspawn(1). The call filter opens
 * swapon(2).
 */
const nspawnOptions = [
  "--quiet",
  "--register=no",
  "--keep-unit",
  "--boot",
  "--resolv-conf=off",
  "--link-journal=no",
  "--timezone=off",
  "--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_SYS_RESOURCE",
  "--system-call-filter=@swap",
];

/** systemd-nspawn's exit status when the guest asked for a reboot. */
const rebootStatus = 133;

/** Gives a host its network namespace and a link into the cloud, addresses set from outside. */
export async function connect(cloud: string, spec: HostSpec): Promise<void> {
  const namespace = hostNamespace(cloud, spec.name);
  const outer = linkName(spec.name);
  await must(["ip", "netns", "add", namespace]);
  const inside = (...words: string[]) => must(["ip", "-n", namespace, ...words]);
  const outside = (...words: string[]) => must(["ip", "-n", cloudNamespace(cloud), ...words]);
  await outside("link", "add", outer, "type", "veth", "peer", "name", "host0", "netns", namespace);
  await outside("link", "set", outer, "up");
  await outside("route", "add", `${spec.address}/32`, "dev", outer, "src", addresses.gateway);
  await inside("link", "set", "lo", "up");
  await inside("address", "add", `${spec.address}/24`, "dev", "host0", "noprefixroute");
  await inside("link", "set", "host0", "up");
  await inside("route", "add", addresses.gateway, "dev", "host0", "scope", "link");
  await inside("route", "add", "default", "via", addresses.gateway);
  if (!spec.address6) return;
  // Nobody else is on the link, so there is no duplicate to wait for.
  await outside("address", "add", `${addresses.router6}/64`, "dev", outer, "nodad");
  await outside("route", "add", `${spec.address6}/128`, "dev", outer, "src", addresses.gateway6);
  await inside("address", "add", `${spec.address6}/64`, "dev", "host0", "noprefixroute", "nodad");
  await inside("route", "add", "default", "via", addresses.router6, "dev", "host0");
}

/** Undoes {@link connect}; what is gone already is fine. */
export async function disconnect(cloud: string, name: string): Promise<void> {
  await attempt(["ip", "-n", cloudNamespace(cloud), "link", "delete", linkName(name)]);
  await attempt(["ip", "netns", "delete", hostNamespace(cloud, name)]);
}

/** Starts the system's init; it outlives this process. A reboot from inside starts it again. */
export function startInit(cloud: string, spec: HostSpec, folder: string, group: ControlGroup): void {
  const root = join(folder, "root");
  mkdirSync(folder, { recursive: true });
  const network = `--network-namespace-path=/run/netns/${hostNamespace(cloud, spec.name)}`;
  const disks = `--bind=${diskFolder(folder)}:/dev/disk`;
  const command = ["systemd-nspawn", ...nspawnOptions, "-D", root, network, disks, `--machine=${spec.name}`];
  const script = `${group.enter}
while :; do
  "$@"
  test $? -eq ${rebootStatus} || break
done`;
  const log = openSync(join(folder, "console.log"), "a", 0o600);
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network" };
  // On a hybrid machine Debian 13's systemd has no support left for the legacy hierarchy, and Debian 12's now and then
  // waits for a cgroup to be empty that never tells so: a restart of Dovecot then takes 90 s.
  env.SYSTEMD_NSPAWN_UNIFIED_HIERARCHY = "1";
  const child = spawn("sh", ["-c", script, "host", ...command], {
    detached: true,
    stdio: ["ignore", log, log],
    env,
  });
  child.unref();
  closeSync(log);
}
