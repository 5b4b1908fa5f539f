import * as cloudflare from "@pulumi/cloudflare/dnsRecord";
import * as pulumi from "@pulumi/pulumi";
import { contentOf, namesAnother, namingLast, quoteText, type HostFacts, type MailRecord } from "./zone-data";

/** Arguments of {@link CloudflareRecords}. */
export interface CloudflareRecordsArgs {
  /** 32 hexadecimal digits. */
  zoneId: string;
  records: MailRecord[];
  facts: pulumi.Input<HostFacts>;
}

/** Cloudflare's "automatic" time to live, 300 s. */
const automaticTtl = 1;

/** Mail records in a Cloudflare zone, never proxied: mail cannot pass Cloudflare's web proxy. */
export class CloudflareRecords extends pulumi.ComponentResource {
  constructor(name: string, args: CloudflareRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:dns:CloudflareRecords", name, {}, opts);
    const made: pulumi.Resource[] = [];
    for (const record of namingLast(args.records)) {
      const one = new cloudflare.DnsRecord(
        `${name}-${record.key}`,
        {
          zoneId: args.zoneId,
          name: record.name,
          type: record.type,
          ttl: automaticTtl,
          proxied: false,
          ...valueOf(record, pulumi.output(args.facts)),
        },
        { parent: this, dependsOn: namesAnother(record) ? [...made] : [] },
      );
      made.push(one);
    }
    this.registerOutputs({});
  }
}

function valueOf(record: MailRecord, facts: pulumi.Output<HostFacts>): Partial<cloudflare.DnsRecordArgs> {
  // Without the top-level priority the provider shows a difference at every run.
  if (record.service) return { data: record.service, priority: record.service.priority };
  if (record.authority) return { data: { flags: 0, ...record.authority } };
  const content = contentOf(record, facts);
  if (record.association) return { data: { ...record.association, certificate: content } };
  if (record.type === "TXT") return { content: mapped(content, quoteText) };
  return record.type === "MX" ? { content, priority: record.priority } : { content };
}

/** A plain value stays plain, so that every preview shows it. */
function mapped(value: pulumi.Input<string>, change: (text: string) => string): pulumi.Input<string> {
  return typeof value === "string" ? change(value) : pulumi.output(value).apply(change);
}
