import { formerKeysOf } from "./dkim-keys";
import { formerVolumeLabel, volumeLabel } from "../cloud/labels";
import type { TrustedExchanger } from "../reach/trusted";
import { plans } from "../settings/linode";
import type { Settings } from "../settings/schema";
import { needsAnotherHost, type Replacement } from "./replacement";

/**
 * What the last `up` left behind, as far as the next one must know it. Plain data: an output of the stack, which the
 * next run reads before it makes anything (past.ts).
 */
export interface History {
  /** Of the first `up`. Names of resources are made from these, so that a changed setting renames nothing. */
  first: FirstNames;
  region: string;
  os: string;
  plan: string;
  /** See {@link resizesDisk}. */
  resizesDisk: boolean;
  /** Id of the instance that is behind the firewall. */
  guarded: string;
  /** Public IPv4 address of the host. */
  address: string;
  /** The last host that was at work when an `up` replaced it: it was asked whether it had handed over. */
  replaced?: Replacement;
  /** Zones at the DNS provider, by domain, whose name was compared with the domain's. */
  zones: Record<string, string>;
  /** That signs. Older versions have noted none. */
  selector?: string;
  /** Services of another program that are or were on the host, by name. */
  services?: string[];
  /** The repository that holds the stack's backups, and the ID of the instance that made the first of them. */
  backups?: { repository: string; host: string };
  /** Backup MXs that are believed, the present one first. */
  backupMxs?: TrustedExchanger[];
  /**
   * Names that are published although the settings do not name them any more, each with the day until which; and those of
   * keys that signed and are among the others now.
   */
  kept: Record<string, string>;
}

/** See {@link History}. */
export interface FirstNames {
  domain: string;
  hostname: string;
  selector: string;
  /** Label of the volume, should there be one; versions that cut it without a digest left none. */
  volume?: string;
}

/** The last `up`, as its outputs tell it. */
export interface Past extends Partial<Omit<History, "first">> {
  first: FirstNames;
  hostname: string;
  /** DKIM TXT values that were published, by domain and selector. */
  keys: Record<string, Record<string, string>>;
  /** Every record that was published. */
  published: { name: string; type: string; data: string }[];
}

/** What was published before and is not given up at once. */
export interface Former {
  /** Names of the host, each with the domain whose zone holds it. */
  hostnames: { name: string; domain: string }[];
  /** DKIM TXT values, by domain and selector. */
  keys: Record<string, Record<string, string>>;
  /** See {@link History}. */
  kept: Record<string, string>;
}

/** What only another host could have, which `protect` refuses: one line each, before anything is changed. */
export function anotherHost(past: Past | undefined, settings: Settings): string[] {
  if (!settings.protect) return [];
  return needsAnotherHost(past, settings).map(
    ({ key, was, is }) =>
      `mailstack:${key}: the host has ${was}; ${is} needs another host, and mailstack:protect is true; ` +
      "docs/admin/replace-host.md tells how nothing is lost",
  );
}

/**
 * Whether the provider is told to let the disk grow with the plan. It then waits until the disk has another size, with the
 * host shut down: for an hour, and in vain, where both plans have the same. Without a change of plan it stays as it was.
 */
export function resizesDisk(past: Past | undefined, plan: string): boolean {
  if (past?.plan === undefined || past.plan === plan) return past?.resizesDisk ?? true;
  return plans[past.plan]?.disk !== plans[plan]?.disk;
}

/**
 * How long a name of before is kept. Resolvers remember an MX for minutes, but mail that was signed with a key is judged
 * when its last server takes it: RFC 5321, section 4.5.4.1, lets it wait for five days.
 */
const keptDays = 7;

const dayMs = 86_400_000;

/**
 * See {@link History.backups}; undefined without backups.
 * @param instance - ID of the present host.
 */
export function backupsOf(past: Past | undefined, repository: string, instance: string): History["backups"] {
  if (repository === "") return undefined;
  return past?.backups?.repository === repository ? past.backups : { repository, host: instance };
}

/** Name of the mail host. */
export function hostnameOf(settings: Pick<Settings, "domain" | "hostname">): string {
  return settings.hostname || `mail.${settings.domain}`;
}

/**
 * Services of another program, by name: all that the host ever got, and those that are in the list of services no more.
 * @param listed - Every service of the stack.
 */
export function ownServices(past: Past | undefined, own: readonly string[], listed: readonly string[]) {
  const services = [...new Set([...(past?.services ?? []), ...own])].sort();
  return { services, retired: services.filter((name) => !listed.includes(name)) };
}

/** What the records of a stack are made from, besides its settings. */
export function publishedNames(settings: Settings, past: Past | undefined) {
  const hostname = hostnameOf(settings);
  const first: FirstNames = past?.first ?? firstNames(settings, hostname);
  return { settings, hostname, first, former: formerNames(past, settings, hostname, new Date()) };
}

function firstNames({ domain, dkimSelector: selector }: Settings, hostname: string): FirstNames {
  return { domain, hostname, selector, volume: volumeLabel(hostname) };
}

/** Label of the volume that mail is on, where the stack has one. */
export function volumeLabelOf({ volume, hostname }: FirstNames): string {
  return volume ?? formerVolumeLabel(hostname);
}

/** Until when something that was published or believed before is kept. */
export function keptUntil(now: Date): string {
  return new Date(now.getTime() + keptDays * dayMs).toISOString();
}

/** Names that the settings do not hold any more, and that others may still use. */
export function formerNames(past: Past | undefined, settings: Settings, hostname: string, now: Date): Former {
  const former: Former = { hostnames: [], keys: {}, kept: {} };
  if (!past) return former;
  const { kept: before = {} } = past;
  const until = (name: string) => before[name] ?? keptUntil(now);
  const isKept = (name: string) => Date.parse(until(name)) > now.getTime();
  const domains = [settings.domain, ...settings.domains.map(({ name }) => name)];
  const hosts = new Set([past.hostname, ...Object.keys(before).filter((name) => !name.includes("._domainkey."))]);
  for (const name of [...hosts].sort()) {
    const domain = zoneOf(name, domains);
    if (name === hostname || domain === undefined || !isKept(name)) continue;
    former.hostnames.push({ name, domain });
    former.kept[name] = until(name);
  }
  for (const domain of domains) {
    const { values, kept } = formerKeysOf(domain, past, settings, keptUntil(now), now);
    if (Object.keys(values).length > 0) former.keys[domain] = values;
    Object.assign(former.kept, kept);
  }
  return former;
}

/** The domain in whose zone a name is: the longest that it is below. */
export function zoneOf(name: string, domains: string[]): string | undefined {
  return domains.filter((domain) => name.endsWith(`.${domain}`)).sort((one, other) => other.length - one.length)[0];
}
