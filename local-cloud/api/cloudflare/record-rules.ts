import { recordContent } from "./record-content";
import { refuse } from "./errors";
import type { RecordRequest } from "./record-request";
import type { CloudflareRecord } from "./state";

export type RecordValues = Omit<CloudflareRecord, "id" | "created_on" | "modified_on" | "comment_modified_on">;

/** Which types the reverse proxy can stand before. */
export function proxiable(type: string): boolean {
  return ["A", "AAAA", "CNAME"].includes(type);
}

const label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
const name = new RegExp(`^(?=.{1,253}$)(\\*\\.)?(${label}\\.)*${label}$`);

/** `@`, `www` and `WWW.example.org.` as the API keeps them: lower case, fully qualified, no last dot. */
export function fullName(zone: string, text: string): string {
  const plain = text.toLowerCase().replace(/\.$/, "");
  const full = plain === "@" || plain === zone ? zone : plain.endsWith(`.${zone}`) ? plain : `${plain}.${zone}`;
  return name.test(full) || (full.startsWith("*.") && name.test(full.slice(2)))
    ? full
    : refuse(9000, "DNS name is invalid.");
}

function ttlOf(request: RecordRequest, proxied: boolean): number {
  const ttl = request.ttl ?? 1;
  if (ttl !== 1 && (!Number.isInteger(ttl) || ttl < 60 || ttl > 86400)) {
    refuse(9021, "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.");
  }
  // A proxied record's TTL is always automatic.
  return proxied ? 1 : ttl;
}

/** Brings a request into the form that the API keeps. @throws CloudflareError 400. */
export function recordValues(zone: string, request: RecordRequest): RecordValues {
  const proxied = request.proxied ?? false;
  if (proxied && !proxiable(request.type)) refuse(9004, "This record type cannot be proxied.");
  const values: RecordValues = {
    zone,
    name: fullName(zone, request.name),
    type: request.type,
    ...recordContent(request),
    ttl: ttlOf(request, proxied),
    proxied,
    comment: request.comment || null,
    tags: request.tags ?? [],
    settings: request.settings ?? {},
  };
  if (values.tags.length > 0) refuse(9301, "DNS record tags are not available on this zone's plan.");
  if (values.type === "SRV" && !/^_[^.]+\._[^.]+\./.test(values.name))
    refuse(9101, "SRV name must begin with _service._proto.");
  if (values.type === "CNAME" && values.name === zone) {
    refuse(9000, "The local cloud does not flatten CNAME records; the zone's own name cannot have one");
  }
  return values;
}

/** Duplicates, and a CNAME beside anything else, are refused. @throws CloudflareError 400. */
export function requireNoConflict(records: readonly CloudflareRecord[], wanted: RecordValues, self?: string): void {
  const others = records.filter(
    (record) => record.zone === wanted.zone && record.name === wanted.name && record.id !== self,
  );
  const same = (record: CloudflareRecord) =>
    record.type === wanted.type && record.content === wanted.content && record.priority === wanted.priority;
  if (others.some(same)) refuse(81058, "An identical record already exists.");
  const help =
    "For more details, refer to <https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>.";
  if (wanted.type === "CNAME" && others.some(({ type }) => ["A", "AAAA", "CNAME"].includes(type))) {
    refuse(81053, `An A, AAAA, or CNAME record with that host already exists. ${help}`);
  }
  if (wanted.type === "CNAME" && others.length > 0) refuse(81055, `A record with that host already exists. ${help}`);
  if (others.some(({ type }) => type === "CNAME"))
    refuse(81054, `A CNAME record with that host already exists. ${help}`);
}
