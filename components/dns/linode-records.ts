import * as linode from "@pulumi/linode/domainRecord";
import * as pulumi from "@pulumi/pulumi";
import {
  contentOf,
  linodeHolds,
  namesAnother,
  namingLast,
  recordTtl,
  type HostFacts,
  type MailRecord,
} from "./zone-data";

/** Arguments of {@link LinodeRecords}. */
export interface LinodeRecordsArgs {
  /** Number of the domain in Linode's DNS manager. */
  domainId: number;
  records: MailRecord[];
  facts: pulumi.Input<HostFacts>;
}

/**
 * Mail records in Linode's DNS manager. It knows no SRV record that says "not offered" (RFC 2782 target "."), so these
 * are left out; docs/decisions/linode-dns.md.
 */
export class LinodeRecords extends pulumi.ComponentResource {
  constructor(name: string, args: LinodeRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:dns:LinodeRecords", name, {}, opts);
    const made: pulumi.Resource[] = [];
    for (const record of namingLast(args.records.filter(linodeHolds))) {
      const one = new linode.DomainRecord(
        `${name}-${record.key}`,
        {
          domainId: args.domainId,
          recordType: record.type,
          // Linode's own default is a day.
          ttlSec: recordTtl,
          ...valueOf(record, pulumi.output(args.facts)),
        },
        { parent: this, dependsOn: namesAnother(record) ? [...made] : [] },
      );
      made.push(one);
    }
    this.registerOutputs({});
  }
}

type Value = Pick<linode.DomainRecordArgs, "target"> & Partial<linode.DomainRecordArgs>;

function valueOf(record: MailRecord, facts: pulumi.Output<HostFacts>): Value {
  const { name, service, authority, association, priority } = record;
  if (association) throw new Error(`Linode's DNS manager knows no ${record.type} record, so none for ${name}`);
  if (service) {
    // The API makes the name out of these two, and puts the underscores back.
    const [label, protocol] = name.split(".").map((part) => part.replace(/^_/, ""));
    const { target, port, weight } = service;
    return { service: label, protocol, target, port, weight, priority: service.priority };
  }
  if (authority) return { name, tag: authority.tag, target: authority.value };
  const target = contentOf(record, facts);
  // The null MX is an empty target there.
  return record.type === "MX" ? { name, target: record.content === "." ? "" : target, priority } : { name, target };
}
