import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { refuse } from "./errors";
import { tags } from "./instance-request";
import type { Domain, DomainRecord } from "./state";

const hostname =
  /^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

/** The only times that the real API keeps, in seconds; 0: its default. */
const times = [0, 30, 120, 300, 3600, 7200, 14400, 28800, 57600, 86400, 172800, 345600, 604800, 1209600, 2419200];

/** Other values are rounded to the nearest. */
export function keptTime(seconds: number): number {
  return times.reduce(
    (best, time) => (Math.abs(time - seconds) < Math.abs(best - seconds) ? time : best),
    times.at(-1)!,
  );
}

const time = z.int().min(0).transform(keptTime);
const none = z.array(z.never("The local cloud has no zone transfers")).nullish();

const common = {
  soa_email: z.email("soa_email must be a valid email address").nullish(),
  description: z.string().max(253).nullish(),
  group: z.string().max(50).nullish(),
  status: z.enum(["active", "disabled"]).nullish(),
  refresh_sec: time.nullish(),
  retry_sec: time.nullish(),
  expire_sec: time.nullish(),
  ttl_sec: time.nullish(),
  tags: tags.nullish(),
  master_ips: none,
  axfr_ips: none,
};

const name = z
  .string()
  .toLowerCase()
  .refine((text) => hostname.test(text) && text.includes("."), "Domain is not valid.");

/** Body of `POST /domains`. */
export const createDomain = z
  .strictObject({ domain: name, type: z.literal("master", "The local cloud has only master domains"), ...common })
  .refine((body) => Boolean(body.soa_email), {
    path: ["soa_email"],
    message: "SOA_Email is required when type=master.",
  });

/** Body of `PUT /domains/ID`. */
export const updateDomain = z.strictObject({
  domain: z.undefined("The local cloud cannot rename a domain"),
  type: z.literal("master").optional(),
  ...common,
});

const number = (most: number) => z.int().min(0).max(most);

const recordFields = {
  name: z.string().max(100, "Record name must be 100 characters or less.").nullish(),
  target: z.string().nullish(),
  priority: number(255).nullish(),
  weight: number(65535).nullish(),
  port: number(65535).nullish(),
  service: z.string().nullish(),
  protocol: z.string().nullish(),
  ttl_sec: time.nullish(),
  tag: z.enum(["issue", "issuewild", "iodef"]).nullish(),
};

const types = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"] as const;

/** Body of `POST /domains/ID/records`. */
export const createRecord = z.strictObject({ type: z.enum(types), ...recordFields });
/** Body of `PUT /domains/ID/records/RECORD`; `type` must be the one it has. */
export const updateRecord = z.strictObject({ type: z.enum(types).nullish(), ...recordFields });

export type RecordValues = Omit<DomainRecord, "id" | "created" | "updated">;

/** A name inside the domain, without the domain: `www.example.org.` and `www` are both `www`. */
function relative(domain: Domain, text: string): string {
  const plain = text.toLowerCase().replace(/\.$/, "");
  if (plain === domain.domain || plain === "@") return "";
  return plain.endsWith(`.${domain.domain}`) ? plain.slice(0, -domain.domain.length - 1) : plain;
}

/** Service and protocol are kept as they came, without an underscore; the record's name has one before each. */
const bare = (text: string | null) => text?.replace(/^_/, "").toLowerCase() || null;

/** Brings a record into the form that the API keeps. @throws LinodeError 400. */
export function keptRecord(domain: Domain, record: RecordValues): RecordValues {
  const { type } = record;
  const kept = { ...record, name: relative(domain, record.name) };
  if (type === "SRV") {
    kept.service = bare(record.service) ?? refuse("service", "service is required for SRV records");
    kept.protocol = bare(record.protocol) ?? refuse("protocol", "protocol is required for SRV records");
    kept.name = `_${kept.service}._${kept.protocol}`;
  }
  if (type === "CAA" && record.tag === null) refuse("tag", "tag is required for CAA records");
  if (kept.name !== "" && !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\*$/.test(kept.name))
    refuse("name", "Invalid hostname");
  if (type === "A" && !isIPv4(record.target)) refuse("target", "Must be a valid IPv4 address");
  if (type === "AAAA" && !isIPv6(record.target)) refuse("target", "Must be a valid IPv6 address");
  if (["CNAME", "MX", "NS", "SRV"].includes(type)) {
    kept.target = record.target.toLowerCase().replace(/\.$/, "");
    if (!hostname.test(kept.target) && !(type === "MX" && kept.target === "")) refuse("target", "Invalid hostname");
  }
  if (record.target === "" && (type === "TXT" || type === "CAA")) refuse("target", "target is required");
  return kept;
}

/** The value of a record in zone-file form needs the names' last dot. */
export function absolute(target: string): string {
  return `${target}.`;
}
