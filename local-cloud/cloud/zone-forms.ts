/** Names, records and zones in the form of PowerDNS's HTTP API. */
import { addresses, type RecordSet } from "../contracts";

/** How long answers may be kept, in seconds. */
export const ttl = 300;

/** The one name server of this internet, under each of its names. */
export function addressesOf(server: string): RecordSet[] {
  return [
    { name: server, type: "A", ttl, contents: [addresses.dns] },
    { name: server, type: "AAAA", ttl, contents: [addresses.dns6] },
  ];
}

/** A new zone, with its name server below itself. */
export function emptyZone(zone: string): object {
  const server = serverOf(zone);
  const soa = `${dot(server)} hostmaster.${dot(server)} 1 10800 3600 604800 60`;
  return {
    name: dot(zone),
    kind: "Native",
    nameservers: [],
    soa_edit_api: "INCREASE",
    // Keeps the proofs of what does not exist right after every change.
    api_rectify: true,
    rrsets: [
      rrset({ name: zone, type: "SOA", ttl, contents: [soa] }),
      rrset({ name: zone, type: "NS", ttl, contents: [dot(server)] }),
      ...addressesOf(server).map(rrset),
    ],
  };
}

/** A set of records as the API takes it; one without contents is to go. */
export function rrset(set: RecordSet): object {
  return {
    name: dot(set.name),
    type: set.type,
    ttl: set.ttl,
    changetype: set.contents.length === 0 ? "DELETE" : "REPLACE",
    records: set.contents.map((content) => ({ content, disabled: false })),
  };
}

/** The name with a dot at its end. */
export function dot(name: string): string {
  return `${name}.`.replace(/\.\.$/, ".");
}

/** PowerDNS writes the root zone as =2E in paths. */
export function path(zone: string): string {
  return zone === "" ? "=2E" : dot(zone);
}

/** Every zone has a name server below itself, so that no name is needed from elsewhere. */
export function serverOf(zone: string): string {
  return zone === "" ? "a.root-servers.net" : `ns.${zone}`;
}
