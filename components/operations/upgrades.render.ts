import { systems, type SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of the upgrades that come by themselves. */
export interface UpgradesSettings {
  system: SystemName;
  hostname: string;
  /** Gets a mail about each upgrade, and when the host must be rebooted. */
  administrator: string;
}

export const upgradesPackages = ["unattended-upgrades"];

/** Security updates of the distribution, every night. */
export function renderUpgrades(settings: UpgradesSettings): Bundle {
  const { hostname, administrator } = settings;
  return {
    service: "upgrades",
    packages: upgradesPackages,
    files: filesFrom(
      "upgrades",
      { "/etc/apt/apt.conf.d/52mailstack-upgrades": {} },
      { hostname, administrator, securityOrigin: systems[settings.system].securityOrigin },
    ),
    validate: [["apt-config", "dump"]],
    units: {
      "apt-daily.timer": { onChange: "none" },
      "apt-daily-upgrade.timer": { onChange: "none" },
      "unattended-upgrades.service": { onChange: "none" },
    },
  };
}
