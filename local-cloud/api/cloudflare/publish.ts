import { addresses, type RecordSet } from "../../contracts";
import type { Zones } from "../../contracts";
import { zoneContent } from "./record-content";
import type { CloudflareRecord } from "./state";

/** What the real service answers for a TTL of 1 (automatic), in seconds. */
const automaticTtl = 300;

/** The type that the DNS shows: a proxied name answers with the proxy's own IPv4 address. */
function servedType(record: CloudflareRecord): string {
  return record.proxied ? "A" : record.type;
}

/** The set that the DNS serves for one name and type of a zone. */
function servedSet(records: readonly CloudflareRecord[], zone: string, name: string, type: string): RecordSet {
  const own = records.filter((record) => record.zone === zone && record.name === name && servedType(record) === type);
  // As for any client of the real service, a proxied mail host is unreachable: the proxy speaks no SMTP.
  const contents = own.map((record) => (record.proxied ? addresses.apis : zoneContent(record)));
  const ttl = own[0]?.ttl ?? 1;
  return { name, type, ttl: ttl === 1 ? automaticTtl : ttl, contents: [...new Set(contents)] };
}

/** Writes to the DNS the sets that these records belong to. */
export async function publish(
  zones: Zones,
  records: readonly CloudflareRecord[],
  touched: readonly CloudflareRecord[],
): Promise<void> {
  const sets = new Map(touched.map((record) => [`${record.zone}/${record.name}/${servedType(record)}`, record]));
  const filled = [...sets.values()].map((record) => servedSet(records, record.zone, record.name, servedType(record)));
  // Emptied sets first: a CNAME can stand only where nothing else is left.
  const zoneOf = [...sets.values()].map((record) => record.zone);
  const order = filled.map((set, index) => ({ set, zone: zoneOf[index]! }));
  for (const { set, zone } of order.sort((a, b) => a.set.contents.length - b.set.contents.length)) {
    await zones.replace(zone, set);
  }
}
