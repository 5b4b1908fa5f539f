import { sharedAliasProblems } from "./accounts-rules";
import { nameProblems } from "./name-rules";
import { networkProblems } from "./network-rules";
import { alertProblems } from "./alerts-rules";
import { backupProblems } from "./backup-rules";
import { certificateProblems } from "./certificate-rules";
import { daneProblems } from "./dane-rules";
import { dkimProblems } from "./dkim-rules";
import { filterProblems } from "./filters-rules";
import { reachProblems } from "./reach-rules";
import { relayProblems } from "./relay-rules";
import { afterAt } from "./address";
import { setWith, type Problem } from "./problem";
import type { Settings } from "./schema";

/** Aliases that name each other this deep are taken for a mistake; Postfix itself gives up at 1000 expansions. */
const deepestAlias = 10;

/** Rules that look at more than one value at a time. An empty list means that the settings fit together. */
export function validateSettings(settings: Settings): Problem[] {
  return [
    ...(settings.users.length === 0 ? [{ key: "users", message: "must name at least one mailbox" }] : []),
    ...unhostedAddresses(settings),
    ...duplicates(settings),
    ...aliasLoops(settings),
    ...administratorProblems(settings),
    ...sharedAliasProblems(settings),
    ...hostnameProblems(settings),
    ...zoneProblems(settings),
    ...networkProblems(settings),
    ...certificateProblems(settings),
    ...daneProblems(settings),
    ...dkimProblems(settings),
    ...filterProblems(settings),
    ...backupProblems(settings),
    ...alertProblems(settings),
    ...relayProblems(settings),
    ...reachProblems(settings),
    ...nameProblems(settings),
  ];
}

function hostedDomains(settings: Settings): string[] {
  return [settings.domain, ...settings.domains.map((domain) => domain.name)];
}

function unhostedAddresses(settings: Settings): Problem[] {
  const hosted = hostedDomains(settings);
  const users = settings.users.map((user, index) => ({ key: `users[${index}].address`, address: user.address }));
  const aliases = settings.aliases.map((alias, index) => ({
    key: `aliases[${index}].address`,
    address: alias.address,
  }));
  return [...users, ...aliases]
    .filter((entry) => !hosted.includes(afterAt(entry.address)))
    .map((entry) => ({
      key: entry.key,
      message: `"${entry.address}" is outside the hosted domains (${hosted.join(", ")}); add the domain to mailstack:domains or fix the address`,
    }));
}

function duplicates(settings: Settings): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  const claim = (value: string, key: string) => {
    const first = seen.get(value);
    if (first) problems.push({ key, message: `"${value}" is already ${first}; each may appear once` });
    else seen.set(value, key);
  };
  settings.users.forEach((user, index) => claim(user.address, `users[${index}].address`));
  settings.aliases.forEach((alias, index) => claim(alias.address, `aliases[${index}].address`));
  claim(settings.domain, "domain");
  settings.domains.forEach((domain, index) => claim(domain.name, `domains[${index}].name`));
  settings.nullMx.forEach((domain, index) => claim(domain.name, `nullMx[${index}].name`));
  return problems;
}

function aliasLoops(settings: Settings): Problem[] {
  const targets = new Map(settings.aliases.map((alias) => [alias.address, alias.destinations]));
  const mailboxes = new Set(settings.users.map((user) => user.address));
  const hosted = hostedDomains(settings);
  const problems: Problem[] = [];
  const pathOf = (address: string, path: string[]): string[] | undefined => {
    if (path.includes(address)) return [...path, address];
    if (path.length > deepestAlias) return path;
    for (const next of targets.get(address) ?? []) {
      const loop = pathOf(next, [...path, address]);
      if (loop) return loop;
    }
    return undefined;
  };
  const advice = (destination: string) =>
    mailboxes.has(destination.toLowerCase()) || targets.has(destination.toLowerCase())
      ? "; write it in lower case"
      : "; add it to mailstack:users";
  settings.aliases.forEach((alias, index) => {
    const loop = pathOf(alias.address, []);
    if (loop)
      problems.push({ key: `aliases[${index}]`, message: `is a loop: ${loop.join(" -> ")}; end it at a mailbox` });
    alias.destinations.forEach((destination, position) => {
      const known = mailboxes.has(destination) || targets.has(destination) || targets.has(`@${afterAt(destination)}`);
      if (hosted.includes(afterAt(destination)) && !known)
        problems.push({
          key: `aliases[${index}].destinations[${position}]`,
          message: `"${destination}" is in a hosted domain but is no mailbox and no alias${advice(destination)}`,
        });
    });
  });
  return problems;
}

function administratorProblems(settings: Settings): Problem[] {
  if (settings.users.length === 0) return [];
  if (settings.users.some((user) => user.address === settings.administrator)) return [];
  return [{ key: "administrator", message: `"${settings.administrator}" must be one of mailstack:users` }];
}

function hostnameProblems(settings: Settings): Problem[] {
  const name = settings.hostname || `mail.${settings.domain}`;
  if (!name.endsWith(`.${settings.domain}`))
    return [
      { key: "hostname", message: `"${name}" must be a name below ${settings.domain}, whose zone holds its address` },
    ];
  return [];
}

/** Each domain needs a zone at the DNS provider; what is set for another provider is not looked at. */
export function zoneProblems({ dnsProvider, ...settings }: Settings): Problem[] {
  if (dnsProvider === "none") return [];
  const key = dnsProvider === "linode" ? "linodeDomainId" : "cloudflareZoneId";
  const missing = (["domains", "nullMx"] as const).flatMap((list) =>
    settings[list].flatMap((domain, index) =>
      domain[key] ? [] : [{ key: `${list}[${index}].${key}`, message: "is missing" }],
    ),
  );
  if (settings[key]) return missing;
  return [{ key, message: `is missing; ${setWith(key)}` }, ...missing];
}
