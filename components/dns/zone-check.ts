import { getZone } from "@pulumi/cloudflare/getZone";
import type { Provider as CloudflareProvider } from "@pulumi/cloudflare/provider";
import { getDomain } from "@pulumi/linode/getDomain";
import type { Provider as LinodeProvider } from "@pulumi/linode/provider";
import type { Past } from "../history/history";
import type { Settings } from "../settings/schema";
import { zoneIdOf, zonesOf } from "./zones";

/** Providers of the stack. */
export interface DnsProviders {
  linode: LinodeProvider;
  cloudflare?: CloudflareProvider;
}

/**
 * Compares the name of each zone with the domain that it is set for: records in a wrong zone are nobody's. Asks the
 * provider only about zones that the last `up` did not know.
 * @returns one line for each wrong zone.
 */
export async function wrongZones(
  settings: Settings,
  past: Past | undefined,
  providers: DnsProviders,
): Promise<string[]> {
  const places = [
    "",
    ...settings.domains.map((_, at) => `domains[${at}].`),
    ...settings.nullMx.map((_, at) => `nullMx[${at}].`),
  ];
  const lines = zonesOf(settings).map(async (zone, at) => {
    const id = zoneIdOf(settings, zone);
    if (id === "" || past?.zones?.[zone.name] === id) return [];
    const name = await nameOf(settings.dnsProvider, id, providers);
    // A record of Linode's for a service (SRV) is the zone's own, not of a name in it.
    const within = settings.dnsProvider !== "linode" && zone.name.endsWith(`.${name}`);
    if (zone.name === name || within) return [];
    const key = settings.dnsProvider === "linode" ? "linodeDomainId" : "cloudflareZoneId";
    return [`mailstack:${places[at]}${key}: ${id} is the zone of ${name}, and must be the one of ${zone.name}`];
  });
  return (await Promise.all(lines)).flat();
}

async function nameOf(
  provider: Settings["dnsProvider"],
  id: string,
  { linode, cloudflare }: DnsProviders,
): Promise<string> {
  if (provider === "linode") return (await getDomain({ id: Number(id) }, { provider: linode })).domain ?? "";
  return (await getZone({ zoneId: id }, { provider: cloudflare })).name;
}
