import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { normalText } from "../txt";
import { refuse } from "./errors";
import type { RecordRequest, RecordType } from "./record-request";
import type { CloudflareRecord } from "./state";

type Content = Pick<CloudflareRecord, "content" | "data" | "priority">;

const label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
const host = new RegExp(`^(?=.{1,253}$)(${label}\\.)*${label}$`);

/** A host name in the API's form: lower case, no last dot. */
function hostOf(value: string | undefined, code: number, type: string): string {
  const name = (value ?? "").toLowerCase().replace(/\.$/, "");
  if (!host.test(name) || isIPv4(name)) refuse(code, `Content for ${type} record is invalid.`);
  return name;
}

/** Compressed form of an IPv6 address, as the real API answers it. */
function ipv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

// The vendor's plugin passes the flags of a CAA record as the program wrote them, number or text.
const u8 = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().int().min(0).max(255));
const u16 = z.number().int().min(0).max(65535);
const hex = z
  .string()
  .regex(/^([0-9a-fA-F]{2})+$/)
  .toLowerCase();

/** What the types with `data` hold, and how the API writes it as content. Keys keep the API's alphabetical order. */
const structured = {
  SRV: {
    schema: z.strictObject({ port: u16, priority: u16, target: z.string(), weight: u16 }),
    content: (data: Record<string, string | number>) => `${data.weight} ${data.port} ${data.target}`,
  },
  CAA: {
    schema: z.strictObject({ flags: u8, tag: z.enum(["issue", "issuewild", "iodef", "issuemail"]), value: z.string() }),
    content: (data: Record<string, string | number>) => `${data.flags} ${data.tag} "${data.value}"`,
  },
  TLSA: {
    schema: z.strictObject({ certificate: hex, matching_type: u8, selector: u8, usage: u8 }),
    content: (data: Record<string, string | number>) =>
      `${data.usage} ${data.selector} ${data.matching_type} ${data.certificate}`,
  },
  SSHFP: {
    schema: z.strictObject({ algorithm: u8, fingerprint: hex, type: u8 }),
    content: (data: Record<string, string | number>) => `${data.algorithm} ${data.type} ${data.fingerprint}`,
  },
} as const;

function fromData(request: RecordRequest, type: keyof typeof structured): Content {
  if (request.data === undefined) refuse(9103, `Data for ${type} record is required.`);
  const result = structured[type].schema.safeParse(request.data);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    refuse(9101, `Data for ${type} record is invalid: ${issue.path.join(".")}: ${issue.message}`);
  }
  const data: Record<string, string | number> = { ...result.data };
  if (type !== "SRV") return { content: structured[type].content(data), data };
  if (data.target !== ".") data.target = hostOf(String(data.target), 9009, type);
  return { content: structured[type].content(data), data, priority: Number(data.priority) };
}

/** Content, data and priority of a record in the form that the API keeps. @throws CloudflareError 400. */
export function recordContent(request: RecordRequest): Content {
  const { type, content } = request;
  if (type in structured) return fromData(request, type as keyof typeof structured);
  if (content === undefined || content === "") refuse(9020, `Content for ${type} record is required.`);
  const address = content.trim();
  switch (type) {
    case "A":
      return isIPv4(address)
        ? { content: address }
        : refuse(9005, "Content for A record must be a valid IPv4 address.");
    case "AAAA":
      if (!isIPv6(address)) refuse(9006, "Content for AAAA record must be a valid IPv6 address.");
      return { content: ipv6(address) };
    case "MX": {
      const priority = u16.safeParse(request.priority);
      if (!priority.success) refuse(9018, "Priority is required and must be between 0 and 65535 for MX record.");
      // A null MX (RFC 7505) is a single dot.
      return { content: address === "." ? "." : hostOf(address, 9009, type), priority: priority.data };
    }
    case "TXT":
      return { content: normalText(content) };
    default:
      return { content: hostOf(address, 9007, type) };
  }
}

/** A record's value in zone-file form. */
export function zoneContent(record: Pick<CloudflareRecord, "type" | "content" | "priority">): string {
  const dotted = (name: string) => (name === "." ? "." : `${name}.`);
  switch (record.type as RecordType) {
    case "MX":
      return `${record.priority} ${dotted(record.content)}`;
    case "SRV": {
      const [weight, port, target] = record.content.split(" ");
      return `${record.priority} ${weight} ${port} ${dotted(target!)}`;
    }
    case "CNAME":
    case "NS":
      return dotted(record.content);
    default:
      return record.content;
  }
}
