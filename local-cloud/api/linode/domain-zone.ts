import type { RecordSet } from "../../contracts";
import { quotedText } from "../txt";
import type { LinodeContext } from "./context";
import type { Domain, DomainRecord } from "./state";

/** The real API's meaning of a TTL of 0. */
const defaultTtl = 86400;

function content(record: DomainRecord): string {
  const { type, target, priority, weight, port, tag } = record;
  switch (type) {
    case "MX":
      return `${priority} ${target}.`;
    case "SRV":
      return `${priority} ${weight} ${port} ${target}.`;
    case "CNAME":
    case "NS":
      return `${target}.`;
    case "TXT":
      return quotedText(target);
    case "CAA":
      return `0 ${tag} ${quotedText(target)}`;
    default:
      return target;
  }
}

/** The set of records with one name and type, as the DNS serves it. */
export function recordSet(domain: Domain, name: string, type: string): RecordSet {
  const records = domain.records.filter((record) => record.name === name && record.type === type);
  return {
    name: name === "" ? domain.domain : `${name}.${domain.domain}`,
    type,
    ttl: records[0]?.ttl_sec || domain.ttl_sec || defaultTtl,
    contents: domain.status === "active" ? records.map(content) : [],
  };
}

/** Writes every set of a domain to the DNS. */
export async function publishDomain(context: LinodeContext, domain: Domain): Promise<void> {
  await context.zones.create(domain.domain);
  const sets = new Map(domain.records.map((record) => [`${record.name}/${record.type}`, record]));
  for (const { name, type } of sets.values()) await context.zones.replace(domain.domain, recordSet(domain, name, type));
}
