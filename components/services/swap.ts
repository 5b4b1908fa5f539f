import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { applySysctl } from "../deployment/sysctl";
import type { Stack } from "./stack";

/** In a folder of its own, so that it can be on another file system: not each one can hold a swap file. */
const folder = "/var/swap";
const file = `${folder}/mailstack`;
/** The kernel's default of 60 moves idle mail daemons out early; 10 is for servers with little to spare. */
const swappiness = 10;

/** A swap file that is in use from every boot on. A file that is already larger stays as it is. */
export const swap = defineService({
  name: "swap",
  type: "host:Swap",
  enabled: ({ swapMb }) => swapMb > 0,
  render,
});

function render(stack: Pick<Stack, "swapMb">): BundleBody {
  const sysctl = "/etc/sysctl.d/60-mailstack-swap.conf";
  const make = "/usr/local/libexec/mailstack/swap-file";
  return {
    directories: { [folder]: { owner: "root:root", mode: "0700" } },
    files: filesFrom(
      "swap",
      { [sysctl]: {}, "/etc/systemd/system/mailstack-swap.service": {}, [make]: program },
      { file, sizeMb: stack.swapMb, swappiness },
    ),
    prepare: [[make], applySysctl(sysctl)],
    units: { "mailstack-swap.service": { onChange: "restart" } },
  };
}
