import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { applySysctl } from "./sysctl";

/** Settings of the swap file. */
export interface SwapSettings {
  /** Size in MiB. 0: no swap file. A file that is already larger stays as it is. */
  sizeMb: number;
}

/** In a folder of its own, so that it can be on another file system: not each one can hold a swap file. */
const folder = "/var/swap";
const file = `${folder}/mailstack`;
/** The kernel's default of 60 moves idle mail daemons out early; 10 is for servers with little to spare. */
const swappiness = 10;

/** A swap file that is in use from every boot on. */
export function renderSwap(settings: SwapSettings): Bundle {
  if (settings.sizeMb === 0) return { service: "swap", files: {} };
  const sysctl = "/etc/sysctl.d/60-mailstack-swap.conf";
  const make = "/usr/local/libexec/mailstack/swap-file";
  return {
    service: "swap",
    directories: { [folder]: { owner: "root:root", mode: "0700" } },
    files: filesFrom(
      "swap",
      { [sysctl]: {}, "/etc/systemd/system/mailstack-swap.service": {}, [make]: program },
      { file, sizeMb: settings.sizeMb, swappiness },
    ),
    prepare: [[make], applySysctl(sysctl)],
    units: { "mailstack-swap.service": { onChange: "restart" } },
  };
}
