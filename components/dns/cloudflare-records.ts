import * as cloudflare from "@pulumi/cloudflare/dnsRecord";
import * as pulumi from "@pulumi/pulumi";
import { quoteText, type HostFacts, type MailRecord } from "./zone-data";

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
    for (const record of args.records) {
      new cloudflare.DnsRecord(
        `${name}-${record.key}`,
        {
          zoneId: args.zoneId,
          name: record.name,
          type: record.type,
          ttl: automaticTtl,
          proxied: false,
          ...valueOf(record, pulumi.output(args.facts)),
        },
        { parent: this, deleteBeforeReplace: true },
      );
    }
    this.registerOutputs({});
  }
}

function valueOf(record: MailRecord, facts: pulumi.Output<HostFacts>): Partial<cloudflare.DnsRecordArgs> {
  // Without the top-level priority the provider shows a difference at every run.
  if (record.service) return { data: record.service, priority: record.service.priority };
  const written = (text: string) => (record.type === "TXT" ? quoteText(text) : text);
  const { content: given = "" } = record;
  // A text that does not depend on the host is known in every preview.
  const content = typeof given === "string" ? written(given) : facts.apply((known) => written(given(known)));
  return record.type === "MX" ? { content, priority: record.priority } : { content };
}
