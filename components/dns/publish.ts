import type { Provider as CloudflareProvider } from "@pulumi/cloudflare/provider";
import type { Provider as LinodeProvider } from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import { CloudflareRecords } from "./cloudflare-records";
import { LinodeRecords } from "./linode-records";
import type { HostFacts, MailRecord } from "./zone-data";
import { recordsOf, zonesOf, type RecordsArgs } from "./zones";

/** What publishing needs besides the records' stage. */
export interface PublishArgs extends RecordsArgs {
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
  const done: pulumi.Resource[] = [];
  for (const zone of zonesOf(settings)) {
    const records = recordsOf(args, zone).filter((record) => record.stage === stage);
    if (records.length === 0) continue;
    // Not after the main domain of today: records that stay where they are keep their resources when it changes.
    const own = zone.name === args.first.domain ? name : `${name}-${zone.name}`;
    // Aliases (CNAME) of all domains lead to the host's own name, in the main domain's zone.
    const after = stage === "address" ? [...dependsOn, ...done] : dependsOn;
    switch (settings.dnsProvider) {
      case "cloudflare": {
        if (!args.cloudflare || !zone.cloudflareZoneId) throw new Error(`no Cloudflare zone is named for ${zone.name}`);
        const options = { parent, providers: [args.cloudflare], dependsOn: after };
        done.push(new CloudflareRecords(own, { zoneId: zone.cloudflareZoneId, records, facts }, options));
        break;
      }
      case "linode": {
        if (!zone.linodeDomainId) throw new Error(`no Linode domain is named for ${zone.name}`);
        const options = { parent, providers: [args.linode], dependsOn: after };
        done.push(new LinodeRecords(own, { domainId: zone.linodeDomainId, records, facts }, options));
        break;
      }
      case "none":
        break;
    }
  }
  return done;
}
