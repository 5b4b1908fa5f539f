import type { FirstNames, Former } from "../history/history";
import type { Settings } from "../settings/schema";
import { webNames } from "../settings/web-names";
import { hostRecords, linodeHolds, mailRecords, nullRecords, type HostFacts, type MailRecord } from "./zone-data";
import { recordSets, zoneFile, type RecordSet } from "./zone-file";

/** What the records of all domains are made from. */
export interface RecordsArgs {
  settings: Settings;
  hostname: string;
  first: FirstNames;
  /** What was published before and is not given up yet. */
  former: Former;
  /** For a preview: DKIM TXT values that the host will tell again, by domain and selector. */
  presumedKeys?: Record<string, Record<string, string>>;
  /** Names of backup MXs: the present one, and all that senders may know. Default: none. */
  backup?: { present?: string; all: string[] };
}

/** Every record of each domain, by domain. */
export function allRecords(args: RecordsArgs): Map<string, MailRecord[]> {
  return new Map(zonesOf(args.settings).map((zone) => [zone.name, recordsOf(args, zone)]));
}

/** The records of each domain in zone-file form (RFC 1035, section 5), for a provider that the program does not know. */
export function zoneTexts(args: RecordsArgs, facts: HostFacts): Record<string, string> {
  return Object.fromEntries([...allRecords(args)].map(([name, records]) => [name, zoneFile(records, facts)]));
}

/** The same as sets of records, for the host, which knows its own addresses and keys. */
export function recordSetsOf(args: RecordsArgs): Record<string, RecordSet[]> {
  const sets = (domain: string, records: MailRecord[]) => {
    const others = args.settings.dkimOtherSelectors.map((selector) => [selector, hostsOwn.key]);
    const otherKeys = { [domain]: Object.fromEntries(others) as Record<string, string> };
    const facts = { ...hostsOwn, dkim: { [domain]: hostsOwn.key }, otherKeys };
    // The key of port 25 has a check of its own.
    return recordSets(
      records.filter(({ type }) => type !== "TLSA"),
      facts,
    );
  };
  return Object.fromEntries([...allRecords(args)].map(([domain, records]) => [domain, sets(domain, records)]));
}

/** Stand for what only the host knows. */
const hostsOwn = { ipv4: "@ipv4", ipv6: "@ipv6", key: "@dkim" } as const;

/** A domain and its zone at the DNS provider. */
export interface Zone {
  name: string;
  cloudflareZoneId?: string;
  linodeDomainId?: number;
  spfIncludes?: string[];
  /** No mail at all. */
  nullMx?: boolean;
}

/** Every zone that the stack publishes in, the main domain's first: it holds the host's addresses. */
export function zonesOf(settings: Settings): Zone[] {
  const { domain: name, cloudflareZoneId, linodeDomainId, spfIncludes } = settings;
  const nothing = settings.nullMx.map((zone) => ({ ...zone, nullMx: true }));
  return [{ name, cloudflareZoneId, linodeDomainId, spfIncludes }, ...settings.domains, ...nothing];
}

/** The zone's id at the DNS provider; empty with `dnsProvider: none`. */
export function zoneIdOf({ dnsProvider }: Settings, zone: Zone): string {
  const ids = { cloudflare: zone.cloudflareZoneId, linode: zone.linodeDomainId, none: undefined };
  return String(ids[dnsProvider] ?? "");
}

/** The records of one domain, as far as the DNS provider can hold them. */
export function recordsOf(args: RecordsArgs, zone: Zone): MailRecord[] {
  const records = everyRecordOf(args, zone);
  return args.settings.dnsProvider === "linode" ? records.filter(linodeHolds) : records;
}

function everyRecordOf(
  { settings, hostname, first, former, presumedKeys, backup }: RecordsArgs,
  zone: Zone,
): MailRecord[] {
  if (settings.role === "backup-mx") return hostRecords(hostname, settings);
  if (zone.nullMx) return nullRecords(zone.name);
  const { name: domain, spfIncludes } = zone;
  const { domain: mainDomain, ipv6, manageSieve, dane, dmarcPolicy, acmeDirectory, mtaSts } = settings;
  const { dkimSelector, dkimOtherSelectors } = settings;
  const formerHostnames = former.hostnames.filter((host) => host.domain === domain).map(({ name }) => name);
  const formerExchangers = former.hostnames.map(({ name }) => name);
  const kept = { first, formerHostnames, formerExchangers, formerKeys: former.keys[domain], spfIncludes };
  const own = { webNames: webNames(settings, domain), ipv6, manageSieve, dane, mtaSts, ...kept };
  const keys = { dkimSelector, dkimOtherSelectors, presumedKeys: presumedKeys?.[domain] };
  const exchangers = { backupExchanger: backup?.present, backupExchangers: backup?.all };
  return mailRecords({ domain, mainDomain, hostname, dmarcPolicy, acmeDirectory, ...keys, ...own, ...exchangers });
}
