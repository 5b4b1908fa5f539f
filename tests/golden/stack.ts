import type { SystemName } from "../../components/deployment/systems";
import { relayForOf } from "../../components/services/relay-for";
import { stackOf, type Stack, type StackFacts } from "../../components/services/stack";
import { settingsOf } from "../../components/settings/backup-mx";
import { hostnameOf } from "../../components/history/history";
import { alertUrlKeys } from "../../components/settings/alerts";
import { parseBackupMxSettings, parseSettings } from "../../components/settings/parse";

const zone = "0123456789abcdef0123456789abcdef";

const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;

/** Settings of one imagined mail server. */
const values = {
  domain: "example.org",
  domains: [{ name: "example.net", cloudflareZoneId: zone }],
  administrator: "admin@example.org",
  users: [{ address: "ceo@example.org" }, { address: "admin@example.org", quotaMb: 5120, passwordVersion: 2 }],
  aliases: [
    { address: "sales@example.org", destinations: ["ceo@example.org", "admin@example.org"] },
    { address: "abuse@example.net", destinations: ["ceo@example.org"] },
  ],
  sharedAliases: [{ name: "jobs", destinations: ["ceo@example.org"] }],
  cloudflareZoneId: zone,
  plan: "g6-standard-2",
  volumeGb: 40,
  dane: true,
  junkDays: 30,
  trustedCidrs: ["192.0.2.0/24", "2001:db8::/32"],
  sshAllowedCidrs: ["192.0.2.0/24", "2001:db8::/32"],
  sudoUsers: [
    { name: "tech", authorizedKeys: [`${key} tech`, `${key} old`] },
    { name: "deputy", authorizedKeys: [`${key} deputy`] },
  ],
  alertSmsAccount: `AC${"0a".repeat(16)}`,
  alertSmsFrom: "+15005550006",
  alertSmsTo: ["+254712345678", "+15005550009"],
};

/** The stack of one imagined mail server, with other values for some of the settings. */
export function goldenStack(
  os: SystemName,
  change: Record<string, unknown> = {},
  facts: Partial<StackFacts> = {},
): Stack {
  const settings = parseSettings({ ...values, ...change });
  return stackOf(
    { ...settings, os },
    {
      fqdn: hostnameOf(settings),
      formerFqdns: [],
      alertUrls: alertUrlKeys,
      volumeDevice: settings.volumeGb > 0 ? "/dev/disk/by-id/scsi-0Linode_Volume_mail-example-org" : undefined,
      ...facts,
    },
  );
}

/** The backup MX of the imagined mail server. */
export function goldenRelayStack(os: SystemName, change: Record<string, unknown> = {}): Stack {
  const own = parseBackupMxSettings({
    role: "backup-mx",
    primaryStack: "prod",
    cloudflareZoneId: zone,
    trustedCidrs: ["192.0.2.0/24"],
    ...change,
  });
  const relayFor = relayForOf(goldenStack(os));
  const settings = settingsOf(own, relayFor);
  return {
    ...stackOf({ ...settings, os }, { fqdn: settings.hostname, formerFqdns: [] }),
    mailDomains: [],
    relayFor,
  };
}
