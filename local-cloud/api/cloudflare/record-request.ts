import { z } from "zod";
import { CloudflareError, refuse } from "./errors";

const types = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "CAA", "TLSA", "SSHFP"] as const;
export type RecordType = (typeof types)[number];

/** Types of the real API that this cloud's DNS is not given. */
const others = ["CERT", "DNSKEY", "DS", "HTTPS", "LOC", "NAPTR", "OPENPGPKEY", "PTR", "SMIMEA", "SVCB", "URI"];

const data = z.record(z.string(), z.union([z.string(), z.number()]));

const bodySchema = z.strictObject({
  type: z.string(),
  name: z.string().min(1),
  content: z.string().optional(),
  data: data.optional(),
  priority: z.number().optional(),
  ttl: z.number().optional(),
  proxied: z.boolean().optional(),
  comment: z.string().max(100).nullish(),
  tags: z.array(z.string()).optional(),
  settings: z.record(z.string(), z.boolean()).optional(),
  private_routing: z.literal(false, "The local cloud does not emulate private_routing").optional(),
  // Sent back by clients that read before they write.
  id: z.string().optional(),
});

/** A checked request for a record. */
export type RecordRequest = z.infer<typeof bodySchema> & { type: RecordType };

/** @throws CloudflareError 400 for an unknown field, a wrong kind of value, or a type that is not served. */
export function recordRequest(body: unknown): RecordRequest {
  const result = bodySchema.safeParse(body ?? {});
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const at = issue.code === "unrecognized_keys" ? issue.keys.join(", ") : issue.path.join(".");
    throw new CloudflareError(400, 9207, `Request body is invalid: ${at}: ${issue.message}`);
  }
  const { type } = result.data;
  if (others.includes(type)) refuse(9000, `The local cloud does not serve records of type ${type}`);
  if (!(types as readonly string[]).includes(type)) refuse(9001, `DNS record type ${type} is invalid.`);
  return result.data as RecordRequest;
}
