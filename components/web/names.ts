import type { Settings } from "../settings/schema";

/** A name that leads to the host besides the host's own: it has an address record and is in the certificate. */
export interface WebName {
  /** Part of the names of its records' resources. */
  key: string;
  name: string;
}

/** Name of the webmail's site. */
export function webmailName(domain: string): string {
  return `webmail.${domain}`;
}

/** The names in the zone of one hosted domain, in a fixed order. */
export function webNames(settings: Pick<Settings, "domain" | "webmail">, domain: string): WebName[] {
  return settings.webmail && domain === settings.domain ? [{ key: "webmail", name: webmailName(domain) }] : [];
}

/** Every name of the host that a browser may ask for, the host's own first: nginx answers them, the certificate holds them. */
export function hostNames(settings: Pick<Settings, "domain" | "domains" | "webmail">, hostname: string): string[] {
  const domains = [settings.domain, ...settings.domains.map((each) => each.name)];
  return [hostname, ...domains.flatMap((domain) => webNames(settings, domain).map(({ name }) => name))];
}
