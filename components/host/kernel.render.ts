import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";
import { applySysctl } from "./sysctl";

/** The kernel and its clock have nothing to set: they are the same for every mail server. */
export type KernelSettings = Record<string, never>;

export const kernelPackages = ["systemd-timesyncd"];

const clock = "systemd-timesyncd.service";
/** A container has no clock of its own: the unit's own condition keeps it from running there. */
const clockIsKept = `systemctl --quiet is-active ${clock} || systemd-detect-virt --quiet --container`;

/** Kernel and network settings against what strangers and local users may try; the clock is set by NTP. */
export function renderKernel(_settings: KernelSettings): Bundle {
  const sysctl = "/etc/sysctl.d/60-mailstack-kernel.conf";
  return {
    service: "kernel",
    packages: kernelPackages,
    files: filesFrom("kernel", { [sysctl]: {} }, { families: ["ipv4", "ipv6"] }),
    // Not among the units, which must run everywhere.
    prepare: [applySysctl(sysctl), ["systemctl", "enable", "--now", "--quiet", clock]],
    health: [{ run: ["sh", "-c", clockIsKept] }],
  };
}
