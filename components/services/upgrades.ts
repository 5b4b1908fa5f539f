import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import type { Stack } from "./stack";

/** Security updates of the distribution, every night. */
export const upgrades = defineService({
  name: "upgrades",
  type: "operations:Upgrades",
  packages: ["unattended-upgrades"],
  render,
});

function render(stack: Pick<Stack, "system" | "fqdn" | "administrator">): BundleBody {
  const { fqdn: hostname, administrator } = stack;
  return {
    files: filesFrom(
      "upgrades",
      { "/etc/apt/apt.conf.d/52mailstack-upgrades": {} },
      { hostname, administrator, securityOrigin: stack.system.securityOrigin },
    ),
    validate: [["apt-config", "dump"]],
    units: {
      "apt-daily.timer": { onChange: "none" },
      "apt-daily-upgrade.timer": { onChange: "none" },
      "unattended-upgrades.service": { onChange: "none" },
    },
  };
}
