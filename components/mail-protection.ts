import type * as pulumi from "@pulumi/pulumi";
import { Connections } from "./host/connections";
import { HostFirewall } from "./host/firewall";
import type { InnerPorts } from "./host/connections.render";
import type { Host } from "./host/host";
import { Fail2ban } from "./operations/fail2ban";
import { mailGuardPort } from "./mail/mail-guard.render";
import { milterPort } from "./mail/rspamd.render";
import { srsPort, srsTables } from "./mail/srs.render";
import type { Settings } from "./settings/schema";

/** What the protection of a host needs. */
export interface ProtectionArgs {
  settings: Settings;
  host: Host;
  /** Made first: the services work before anything is shut out. */
  after: pulumi.Resource;
  parent: pulumi.Resource;
}

/** Postfix's processes ask its rewriter and its filter; what asks Rspamd has a user that systemd makes (`DynamicUser`). */
const innerPorts: InnerPorts[] = [
  { ports: [srsTables.forward, srsTables.reverse, srsPort, mailGuardPort], users: ["postfix"] },
  { ports: [milterPort], users: ["61184-65519"] },
];

/**
 * What keeps strangers out of a host whose services work.
 * @param name - What every resource's name begins with.
 * @returns the last of it; what invites the world waits for that.
 */
export function protectHost(name: string, args: ProtectionArgs): pulumi.Resource {
  const { settings, host, parent, after } = args;
  const { os: system, trustedCidrs, banAfterFailures: failures, banMinutes: minutes } = settings;
  const { ipv6, manageSieve, webmail } = settings;
  const open = { ipv6, manageSieve };
  const limits = { trustedCidrs, webmail, inner: innerPorts };
  const connections = new Connections(`${name}-connections`, host, limits, { parent, dependsOn: after });
  const firewall = new HostFirewall(`${name}-ufw`, host, open, { parent, dependsOn: connections });
  const bans = { system, trustedCidrs, failures, minutes };
  return new Fail2ban(`${name}-fail2ban`, host, bans, { parent, dependsOn: firewall });
}
