import { quoteText, recordTtl, type HostFacts, type MailRecord } from "./zone-data";

/** Records in zone-file form (RFC 1035, section 5), one a line, names with their last dot. */
export function zoneFile(records: MailRecord[], facts: HostFacts): string {
  return records.map((record) => `${record.name}. ${recordTtl} IN ${record.type} ${dataOf(record, facts)}\n`).join("");
}

/** All records of one name and type, as the DNS answers them. */
export interface RecordSet {
  name: string;
  type: MailRecord["type"];
  /** In zone-file form; of TXT records the whole text without quotes. */
  values: string[];
}

/** The records as sets, in their order. */
export function recordSets(records: MailRecord[], facts: HostFacts): RecordSet[] {
  const sets = new Map<string, RecordSet>();
  for (const record of records) {
    const { name, type, content = "" } = record;
    const key = `${name} ${type}`;
    const set = sets.get(key) ?? { name, type, values: [] };
    const text = typeof content === "string" ? content : content(facts);
    set.values.push(type === "TXT" ? text : dataOf(record, facts));
    sets.set(key, set);
  }
  return [...sets.values()];
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
  return record.type === "MX" ? `${record.priority} ${text.replace(/\.$/, "")}.` : text;
}
