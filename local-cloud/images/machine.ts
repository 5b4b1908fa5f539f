import { existsSync } from "node:fs";
import { must } from "./command";

/** Programs of this machine that the local cloud and its judges use, and the Debian package of each. */
const needed: Record<string, string> = {
  "/usr/sbin/debootstrap": "debootstrap",
  "/usr/bin/systemd-nspawn": "systemd-container",
  "/usr/sbin/nft": "nftables",
  "/usr/bin/dig": "dnsutils",
  "/usr/bin/openssl": "openssl",
  "/usr/bin/curl": "curl",
  "/usr/bin/ssh-keygen": "openssh-client",
  "/usr/bin/nsenter": "util-linux",
  "/usr/bin/pip3": "python3-pip",
};

/** `ip` is in /usr/sbin or /usr/bin, by release. */
const hasIp = () => ["/usr/sbin/ip", "/usr/bin/ip", "/sbin/ip", "/bin/ip"].some(existsSync);

/**
 * Installs what the local cloud needs and this machine lacks, and says what.
 * @throws Error when apt-get is not there or fails.
 */
export async function ensureMachinePackages(progress: (line: string) => void): Promise<void> {
  await ensurePackages(needed, progress, hasIp() ? [] : ["iproute2"]);
}

/**
 * Installs Debian packages on this machine. Only tools: none of them is a service.
 * @param tools - Programs and the package of each; those that are there are not installed.
 */
export async function ensurePackages(
  tools: Record<string, string>,
  progress: (line: string) => void,
  more: string[] = [],
): Promise<void> {
  const missing = [...Object.entries(tools).flatMap(([file, name]) => (existsSync(file) ? [] : [name])), ...more];
  if (missing.length === 0) return;
  if (!existsSync("/usr/bin/apt-get"))
    throw new Error(`this machine has no apt-get; install ${missing.join(", ")} and run again`);
  progress(`installing Debian packages on this machine: ${missing.join(", ")}`);
  const environment = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await must(["apt-get", "update", "-qq"], environment);
  await must(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing], environment);
}
