import type { Settings } from "./schema";

/** A name that leads to the host besides the host's own: it has a record and is in the certificate. */
export interface WebName {
  /** Part of the names of its records' resources. */
  key: string;
  name: string;
  /** Only programs look it up: it is an alias (CNAME) of the host's name, whose other records count for it too. */
  alias?: boolean;
}

/** Name of the webmail's site. */
export function webmailName(domain: string): string {
  return `webmail.${domain}`;
}

type NameSettings = Pick<Settings, "domain" | "webmail" | "autoconfiguration" | "mtaSts">;

/** The names in the zone of one hosted domain, in a fixed order. */
export function webNames(settings: NameSettings, domain: string): WebName[] {
  const aliases = [
    ...(settings.autoconfiguration ? ["autoconfig", "autodiscover"] : []),
    ...(settings.mtaSts === "none" ? [] : ["mta-sts"]),
  ];
  return [
    ...(settings.webmail && domain === settings.domain ? [{ key: "webmail", name: webmailName(domain) }] : []),
    ...aliases.map((key) => ({ key, name: `${key}.${domain}`, alias: true })),
  ];
}

/** Every name of the host that a browser may ask for, the host's own first: nginx answers them, the certificate holds them. */
export function hostNames(settings: NameSettings & Pick<Settings, "domains">, hostname: string): string[] {
  const domains = [settings.domain, ...settings.domains.map((each) => each.name)];
  return [hostname, ...domains.flatMap((domain) => webNames(settings, domain).map(({ name }) => name))];
}
