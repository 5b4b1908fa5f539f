import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { applySysctl } from "../deployment/sysctl";

const clock = "systemd-timesyncd.service";
/** A container has no clock of its own: the unit's own condition keeps it from running there. */
const clockIsKept = `systemctl --quiet is-active ${clock} || systemd-detect-virt --quiet --container`;

/** Kernel and network settings against what strangers and local users may try; the clock is set by NTP. */
export const kernel = defineService({
  name: "kernel",
  type: "host:Kernel",
  packages: ["systemd-timesyncd"],
  render,
});

function render(): BundleBody {
  const sysctl = "/etc/sysctl.d/60-mailstack-kernel.conf";
  return {
    files: filesFrom("kernel", { [sysctl]: {} }, { families: ["ipv4", "ipv6"] }),
    // Not among the units, which must run everywhere.
    prepare: [applySysctl(sysctl), ["systemctl", "enable", "--now", "--quiet", clock]],
    health: [{ run: ["sh", "-c", clockIsKept] }],
  };
}
