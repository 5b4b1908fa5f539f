import type * as pulumi from "@pulumi/pulumi";
import { Access } from "./host/access";
import type { Host } from "./host/host";
import { Kernel } from "./host/kernel";
import { Logs } from "./operations/logs";
import { Upgrades } from "./operations/upgrades";
import type { Settings } from "./settings/schema";

/** What the machine below the services needs. */
export interface MachineArgs {
  settings: Settings;
  host: Host;
  hostname: string;
  /** Made first: the packages. */
  after: pulumi.Resource;
  parent: pulumi.Resource;
}

/**
 * The machine itself: who may log in, the kernel, logs, upgrades. Before the services, whose first lines are logged too.
 * @param name - What every resource's name begins with.
 * @returns the last of it.
 */
export function setUpMachine(name: string, args: MachineArgs): pulumi.Resource {
  const { settings, host, hostname, parent } = args;
  const { os: system, administrator, logRetentionDays: retentionDays } = settings;
  const { sudoUsers, sshAllowedCidrs } = settings;
  const access = new Access(`${name}-access`, host, { sudoUsers, sshAllowedCidrs }, { parent, dependsOn: args.after });
  const kernel = new Kernel(`${name}-kernel`, host, {}, { parent, dependsOn: access });
  const logging = { system, hostname, administrator, retentionDays };
  const logs = new Logs(`${name}-logs`, host, logging, { parent, dependsOn: kernel });
  return new Upgrades(`${name}-upgrades`, host, { system, hostname, administrator }, { parent, dependsOn: logs });
}
