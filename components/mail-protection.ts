import type * as pulumi from "@pulumi/pulumi";
import { Connections } from "./host/connections";
import { HostFirewall } from "./host/firewall";
import type { Host } from "./host/host";
import { Fail2ban } from "./operations/fail2ban";
import type { Settings } from "./settings/schema";

/** What the protection of a host needs. */
export interface ProtectionArgs {
  settings: Settings;
  host: Host;
  /** Made first: the services work before anything is shut out. */
  after: pulumi.Resource;
  parent: pulumi.Resource;
}

/**
 * What keeps strangers out of a host whose services work.
 * @param name - What every resource's name begins with.
 * @returns the last of it; what invites the world waits for that.
 */
export function protectHost(name: string, args: ProtectionArgs): pulumi.Resource {
  const { settings, host, parent, after } = args;
  const { os: system, sshAllowedCidrs, trustedCidrs, banAfterFailures: failures, banMinutes: minutes } = settings;
  const { ipv6, manageSieve, webmail } = settings;
  const open = { sshAllowedCidrs, ipv6, manageSieve };
  const connections = new Connections(
    `${name}-connections`,
    host,
    { trustedCidrs, webmail },
    { parent, dependsOn: after },
  );
  const firewall = new HostFirewall(`${name}-ufw`, host, open, { parent, dependsOn: connections });
  const bans = { system, trustedCidrs, failures, minutes };
  return new Fail2ban(`${name}-fail2ban`, host, bans, { parent, dependsOn: firewall });
}
