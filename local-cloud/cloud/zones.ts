import type { RecordSet, Zones } from "../contracts";
import { addresses } from "../contracts";
import { must } from "../images/command";
import { rootKey } from "../images/trust-anchor";
import { cloudNamespace } from "../places";

/** Zones above the mail domains, signed, each with a DS record in its parent, as on the internet. */
const signedZones = ["arpa", "in-addr.arpa", "ke", "co.ke", "com", "net", "org", "example"];
const reverseZone = "100.51.198.in-addr.arpa";
const ttl = 300;

interface CryptoKey {
  ds?: string[];
}

/** The authoritative DNS: PowerDNS by its HTTP API. Reached only from inside the cloud's network namespace. */
export class PowerDns implements Zones {
  private readonly known = new Set<string>();

  constructor(
    private readonly cloud: string,
    /** Of the HTTP API, without a slash at the end. */
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** The root, the top-level zones and the reverse zone. Nothing happens where they exist. */
  async plant(): Promise<void> {
    for (const zone of (await this.call("GET", "/zones")) as { name: string }[]) this.known.add(zone.name.slice(0, -1));
    await this.make("", { privatekey: rootKey().privateKey });
    for (const zone of signedZones) await this.make(zone, {});
    await this.make(reverseZone);
    await this.create("root-servers.net");
    await this.replace("root-servers.net", { name: "a.root-servers.net", type: "A", ttl, contents: [addresses.dns] });
  }

  async create(zone: string): Promise<void> {
    await this.make(zone.toLowerCase());
  }

  async remove(zone: string): Promise<void> {
    if (!this.known.has(zone)) return;
    await this.call("DELETE", `/zones/${dot(zone)}`);
    this.known.delete(zone);
    await this.patch(this.parentOf(zone), [
      { name: zone, type: "NS", ttl, contents: [] },
      { name: serverOf(zone), type: "A", ttl, contents: [] },
    ]);
  }

  async replace(zone: string, records: RecordSet): Promise<void> {
    await this.patch(zone.toLowerCase(), [records]);
  }

  async pointer(address: string, name: string | undefined): Promise<void> {
    const reverse = `${address.split(".").reverse().join(".")}.in-addr.arpa`;
    await this.patch(reverseZone, [{ name: reverse, type: "PTR", ttl, contents: name ? [dot(name)] : [] }]);
  }

  async lookup(name: string, type: string): Promise<string[]> {
    const command = ["dig", `@${addresses.dns}`, "+short", "+norecurse", "+time=2", "+tries=2", dot(name), type];
    const answer = await must(["ip", "netns", "exec", cloudNamespace(this.cloud), ...command]);
    return answer.split("\n").filter(Boolean);
  }

  /** @param key - Given: the zone is signed, with this key or, where it is empty, with one of its own. */
  private async make(zone: string, key?: { privatekey?: string }): Promise<void> {
    if (this.known.has(zone)) return;
    const server = serverOf(zone);
    const soa = `${dot(server)} hostmaster.${dot(server)} 1 10800 3600 604800 60`;
    await this.call("POST", "/zones", {
      name: dot(zone),
      kind: "Native",
      nameservers: [],
      soa_edit_api: "INCREASE",
      rrsets: [
        rrset({ name: zone, type: "SOA", ttl, contents: [soa] }),
        rrset({ name: zone, type: "NS", ttl, contents: [dot(server)] }),
        rrset({ name: server, type: "A", ttl, contents: [addresses.dns] }),
      ],
    });
    this.known.add(zone);
    const delegation: RecordSet[] = [
      { name: zone, type: "NS", ttl, contents: [dot(server)] },
      { name: server, type: "A", ttl, contents: [addresses.dns] },
    ];
    if (key) {
      const made = { keytype: "csk", active: true, algorithm: "ecdsa256", ...key };
      await this.call("POST", `/zones/${path(zone)}/cryptokeys`, made);
      await this.call("PUT", `/zones/${path(zone)}/rectify`);
      const keys = (await this.call("GET", `/zones/${path(zone)}/cryptokeys`)) as CryptoKey[];
      // Digest type 2 is SHA-256 (RFC 4509).
      const digests = keys.flatMap((one) => one.ds ?? []).filter((ds) => ds.split(" ")[2] === "2");
      delegation.push({ name: zone, type: "DS", ttl, contents: digests });
    }
    if (zone !== "") await this.patch(this.parentOf(zone), delegation);
  }

  /** The closest zone above that this server has. */
  private parentOf(zone: string): string {
    const labels = zone.split(".");
    for (let skip = 1; skip < labels.length; skip += 1) {
      const candidate = labels.slice(skip).join(".");
      if (this.known.has(candidate)) return candidate;
    }
    return "";
  }

  private async patch(zone: string, sets: RecordSet[]): Promise<void> {
    await this.call("PATCH", `/zones/${path(zone)}`, { rrsets: sets.map(rrset) });
    await this.call("PUT", `/zones/${path(zone)}/rectify`).catch((error: Error) => {
      // An unsigned zone needs no rectifying, and PowerDNS says so by refusing.
      if (!/not DNSSEC|DNSSEC signed/i.test(error.message)) throw error;
    });
  }

  private async call(method: string, resource: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/servers/localhost${resource}`, {
      method,
      headers: { "X-API-Key": this.key, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`PowerDNS refused ${method} ${resource}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
}

function rrset(set: RecordSet): object {
  return {
    name: dot(set.name),
    type: set.type,
    ttl: set.ttl,
    changetype: set.contents.length === 0 ? "DELETE" : "REPLACE",
    records: set.contents.map((content) => ({ content, disabled: false })),
  };
}

function dot(name: string): string {
  return `${name}.`.replace(/\.\.$/, ".");
}

/** PowerDNS writes the root zone as =2E in paths. */
function path(zone: string): string {
  return zone === "" ? "=2E" : dot(zone);
}

/** Every zone has a name server below itself, so that no name is needed from elsewhere. */
function serverOf(zone: string): string {
  return zone === "" ? "a.root-servers.net" : `ns.${zone}`;
}
