import { quoteText, recordTtl, type HostFacts, type MailRecord } from "./zone-data";

/** Records in zone-file form (RFC 1035, section 5), one a line, names with their last dot. */
export function zoneFile(records: MailRecord[], facts: HostFacts): string {
  return records.map((record) => `${record.name}. ${recordTtl} IN ${record.type} ${dataOf(record, facts)}\n`).join("");
}

function dataOf(record: MailRecord, facts: HostFacts): string {
  const { service, authority, association, content = "" } = record;
  if (service) {
    const target = service.target === "." ? "." : `${service.target}.`;
    return `${service.priority} ${service.weight} ${service.port} ${target}`;
  }
  if (authority) return `0 ${authority.tag} "${authority.value}"`;
  const text = typeof content === "string" ? content : content(facts);
  if (association) return `${Object.values(association).join(" ")} ${text}`;
  if (record.type === "TXT") return quoteText(text);
  if (record.type === "CNAME") return `${text}.`;
  return record.type === "MX" ? `${record.priority} ${text}.` : text;
}
