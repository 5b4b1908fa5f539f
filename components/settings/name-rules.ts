import { allRecords } from "../dns/zones";
import { hostnameOf } from "../history/history";
import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** X.509's upper bound of a common name (RFC 5280, appendix A.1), and Linux's of a host name. */
const longestHostname = 64;
/** RFC 5321, section 4.5.3.1.3: 256 octets with the brackets. */
const longestAddress = 254;
/** RFC 1035, section 2.3.4, without the last dot. */
const longestName = 253;
/** Of a record in Linode's DNS manager, without the domain. */
const longestLinodeName = 100;

/**
 * Names that somebody else would refuse while the deployment is half done: the DNS provider, the certificate's
 * authority, the daemons.
 */
export function nameProblems(settings: Settings): Problem[] {
  const problems = [...hostnameProblems(settings), ...addressProblems(settings)];
  return problems.length > 0 ? problems : recordProblems(settings);
}

function hostnameProblems(settings: Settings): Problem[] {
  const name = hostnameOf(settings);
  const problem = (message: string): Problem[] => [{ key: settings.hostname ? "hostname" : "domain", message }];
  if (name.length > longestHostname)
    return problem(`"${name}" has ${name.length} characters, and a certificate's name at most ${longestHostname}`);
  const below = settings.domains.find((domain) => name.endsWith(`.${domain.name}`));
  if (below && below.name.endsWith(`.${settings.domain}`) && !sameZone(settings, below))
    return problem(`"${name}" is in the zone of ${below.name}, and must be in the one of ${settings.domain}`);
  return [];
}

function sameZone(settings: Settings, domain: Settings["domains"][number]): boolean {
  if (settings.dnsProvider === "linode") return settings.linodeDomainId === domain.linodeDomainId;
  return settings.dnsProvider === "none" || settings.cloudflareZoneId === domain.cloudflareZoneId;
}

function addressProblems(settings: Settings): Problem[] {
  const named = [
    ...settings.users.map(({ address }, index) => ({ key: `users[${index}].address`, address })),
    ...settings.aliases.map(({ address }, index) => ({ key: `aliases[${index}].address`, address })),
  ];
  return named
    .filter(({ address }) => address.length > longestAddress)
    .map(({ key }) => ({ key, message: `is longer than the ${longestAddress} characters of a mail address` }));
}

/** What no zone can hold: names that are too long, an alias (CNAME) beside other records, two SPF records. */
function recordProblems(settings: Settings): Problem[] {
  const hostname = hostnameOf(settings);
  const first = { domain: settings.domain, hostname, selector: settings.dkimSelector };
  const all = allRecords({ settings, hostname, first, former: { hostnames: [], keys: {}, kept: {} } });
  const keys = [
    "domain",
    ...settings.domains.map((_, index) => `domains[${index}].name`),
    ...settings.nullMx.map((_, index) => `nullMx[${index}].name`),
  ];
  const records = [...all].flatMap(([domain, list], index) =>
    list.map((record) => ({ ...record, domain, setting: record.name === hostname ? "hostname" : keys[index]! })),
  );
  const problems = new Map<string, Problem>();
  for (const { name, type, content, domain, setting } of records) {
    const report = (message: string) => problems.has(setting) || problems.set(setting, { key: setting, message });
    const others = records.filter((other) => other.name === name);
    const shown = name.length > 80 ? `${name.slice(0, 40)}...` : name;
    if (name.length > longestName)
      report(`makes a record whose name has more than ${longestName} characters: ${shown}`);
    else if (settings.dnsProvider === "linode" && name.length - domain.length - 1 > longestLinodeName)
      report(`makes a record whose name has more than ${longestLinodeName} characters at Linode: ${shown}`);
    else if (type === "CNAME" && others.length > 1)
      report(`"${name}" is also a name that the stack makes for mail programs; choose another one`);
    else if (isSpf(type, content) && others.filter((other) => isSpf(other.type, other.content)).length > 1)
      report(`"${name}" is a host and a mail domain; give the host a name of its own`);
    else if (type === "A" && others.filter((other) => other.type === "A").length > 1)
      report(`"${name}" is also a name that the stack makes for browsers; choose another one`);
  }
  return [...problems.values()];
}

function isSpf(type: string, content: unknown): boolean {
  return type === "TXT" && typeof content === "string" && content.startsWith("v=spf1 ");
}
