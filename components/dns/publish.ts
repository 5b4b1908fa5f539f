import type { Provider as CloudflareProvider } from "@pulumi/cloudflare/provider";
import type { Provider as LinodeProvider } from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema";
import { webNames } from "../web/names";
import { CloudflareRecords } from "./cloudflare-records";
import { LinodeRecords } from "./linode-records";
import { mailRecords, type HostFacts, type MailDomainSettings, type MailRecord } from "./zone-data";
import { zoneFile } from "./zone-file";

/** What publishing needs besides the records' stage. */
export interface PublishArgs {
  settings: Settings;
  hostname: string;
  linode: LinodeProvider;
  /** Needed with `dnsProvider: cloudflare` only. */
  cloudflare?: CloudflareProvider;
  parent: pulumi.Resource;
}

/**
 * The records of one stage in the zones of all domains, at the provider that the settings name.
 * @returns nothing with `dnsProvider: none`: the user makes the records, see {@link zoneTexts}.
 * @throws Error when the provider's zone is not named; checked settings always name it.
 */
export function publishRecords(
  name: string,
  stage: MailRecord["stage"],
  args: PublishArgs,
  facts: pulumi.Output<HostFacts>,
  dependsOn: pulumi.Resource[],
): pulumi.Resource[] {
  const { settings, parent } = args;
  return zonesOf(settings).flatMap((zone): pulumi.Resource[] => {
    const records = mailRecords(domainSettings(settings, args.hostname, zone.name)).filter(
      (record) => record.stage === stage,
    );
    if (records.length === 0) return [];
    const own = zone.name === settings.domain ? name : `${name}-${zone.name}`;
    switch (settings.dnsProvider) {
      case "cloudflare": {
        if (!args.cloudflare || !zone.cloudflareZoneId) throw new Error(`no Cloudflare zone is named for ${zone.name}`);
        const options = { parent, providers: [args.cloudflare], dependsOn };
        return [new CloudflareRecords(own, { zoneId: zone.cloudflareZoneId, records, facts }, options)];
      }
      case "linode": {
        if (!zone.linodeDomainId) throw new Error(`no Linode domain is named for ${zone.name}`);
        const options = { parent, providers: [args.linode], dependsOn };
        return [new LinodeRecords(own, { domainId: zone.linodeDomainId, records, facts }, options)];
      }
      case "none":
        return [];
    }
  });
}

/** The records of each domain in zone-file form (RFC 1035, section 5), for a provider that the program does not know. */
export function zoneTexts(settings: Settings, hostname: string, facts: HostFacts): Record<string, string> {
  return Object.fromEntries(
    zonesOf(settings).map((zone) => [
      zone.name,
      zoneFile(mailRecords(domainSettings(settings, hostname, zone.name)), facts),
    ]),
  );
}

function zonesOf(settings: Settings): Settings["domains"] {
  const { domain: name, cloudflareZoneId, linodeDomainId } = settings;
  return [{ name, cloudflareZoneId, linodeDomainId }, ...settings.domains];
}

function domainSettings(settings: Settings, hostname: string, domain: string): MailDomainSettings {
  const { domain: mainDomain, ipv6, manageSieve, dane, dkimSelector, dmarcPolicy, acmeDirectory, mtaSts } = settings;
  const own = { webNames: webNames(settings, domain), ipv6, manageSieve, dane, mtaSts };
  return { domain, mainDomain, hostname, dkimSelector, dmarcPolicy, acmeDirectory, ...own };
}
