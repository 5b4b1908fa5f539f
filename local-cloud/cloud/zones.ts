import type { RecordSet, Zones } from "../contracts";
import { addresses } from "../contracts";
import { must } from "../images/command";
import { rootKey } from "../images/trust-anchor";
import { cloudNamespace } from "../places";
import { reverseName } from "./reverse-name";
import { addressesOf, dot, emptyZone, path, rrset, serverOf, ttl } from "./zone-forms";

/** Zones above the mail domains, signed, each with a DS record in its parent, as on the internet. */
const signedZones = ["arpa", "in-addr.arpa", "ip6.arpa", "ke", "co.ke", "com", "net", "org", "example"];
const reverseZones = { ipv4: "100.51.198.in-addr.arpa", ipv6: "8.b.d.0.1.0.0.2.ip6.arpa" };

interface CryptoKey {
  id: number;
  dnskey: string;
  /** Absent for a key that signs zone data alone. */
  ds?: string[];
}

/** The authoritative DNS: PowerDNS by its HTTP API. Reached only from inside the cloud's network namespace. */
export class PowerDns implements Zones {
  /** Zones of the server. */
  private readonly known = new Set<string>();
  /** Zones that this process has seen whole: a killed one may have left some without a key or a delegation. */
  private readonly whole = new Set<string>();
  private lastChange: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cloud: string,
    /** Of the HTTP API, without a slash at the end. */
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** Asks what zones the server has. @throws Error while it does not answer. */
  async connect(): Promise<void> {
    for (const zone of (await this.call("GET", "/zones")) as { name: string }[]) this.known.add(zone.name.slice(0, -1));
  }

  /** The root, the top-level zones and the reverse zone. Nothing happens where they exist. */
  async plant(): Promise<void> {
    await this.make("", (zone) => this.signAsRoot(zone));
    for (const zone of signedZones) await this.make(zone, (one) => this.sign(one));
    for (const zone of Object.values(reverseZones)) await this.make(zone);
    await this.create("root-servers.net");
    for (const set of addressesOf("a.root-servers.net")) await this.replace("root-servers.net", set);
  }

  async create(zone: string, { signed } = { signed: false }): Promise<void> {
    await this.make(zone.toLowerCase(), signed ? (one) => this.sign(one) : undefined);
  }

  async remove(name: string): Promise<void> {
    const zone = name.toLowerCase();
    if (!this.known.has(zone)) return;
    await this.patch(
      this.parentOf(zone),
      (await this.delegation(zone)).map((set) => ({ ...set, contents: [] })),
    );
    await this.call("DELETE", `/zones/${path(zone)}`);
    this.known.delete(zone);
    this.whole.delete(zone);
    for (const below of this.childrenOf(this.parentOf(zone))) await this.delegate(below);
  }

  async replace(zone: string, records: RecordSet): Promise<void> {
    await this.patch(zone.toLowerCase(), [records]);
  }

  async pointer(address: string, name: string | undefined): Promise<void> {
    const zone = address.includes(":") ? reverseZones.ipv6 : reverseZones.ipv4;
    const contents = name ? [dot(name)] : [];
    await this.patch(zone, [{ name: reverseName(address), type: "PTR", ttl, contents }]);
  }

  async lookup(name: string, type: string): Promise<string[]> {
    const command = ["dig", `@${addresses.dns}`, "+short", "+norecurse", "+time=2", "+tries=2", dot(name), type];
    const answer = await must(["ip", "netns", "exec", cloudNamespace(this.cloud), ...command]);
    return answer.split("\n").filter(Boolean);
  }

  /** @param sign - Gives the zone its key; without it, the zone is not signed. */
  private async make(zone: string, sign?: (zone: string) => Promise<void>): Promise<void> {
    if (this.whole.has(zone)) return;
    if (!this.known.has(zone)) await this.call("POST", "/zones", emptyZone(zone));
    this.known.add(zone);
    await sign?.(zone);
    if (zone !== "") await this.delegate(zone);
    for (const below of this.childrenOf(zone)) await this.delegate(below);
    this.whole.add(zone);
  }

  private async sign(zone: string): Promise<void> {
    if ((await this.keysOf(zone)).length > 0) return;
    const key = { keytype: "csk", active: true, algorithm: "ecdsa256" };
    await this.call("POST", `/zones/${path(zone)}/cryptokeys`, key);
    await this.call("PUT", `/zones/${path(zone)}/rectify`);
  }

  /** The key is the one that the images trust; another one is from before the cache was emptied. */
  private async signAsRoot(zone: string): Promise<void> {
    const { anchor, privateKey } = rootKey();
    const keys = await this.keysOf(zone);
    if (keys.length === 1 && anchor.endsWith(keys[0]!.dnskey)) return;
    for (const { id } of keys) await this.call("DELETE", `/zones/${path(zone)}/cryptokeys/${id}`);
    await this.call("POST", `/zones/${path(zone)}/cryptokeys`, {
      keytype: "csk",
      active: true,
      privatekey: privateKey,
    });
    await this.call("PUT", `/zones/${path(zone)}/rectify`);
  }

  private async keysOf(zone: string): Promise<CryptoKey[]> {
    return (await this.call("GET", `/zones/${path(zone)}/cryptokeys`)) as CryptoKey[];
  }

  private async delegate(zone: string): Promise<void> {
    await this.patch(this.parentOf(zone), await this.delegation(zone));
  }

  /** What the zone above says about a zone. */
  private async delegation(zone: string): Promise<RecordSet[]> {
    const server = serverOf(zone);
    // Digest type 2 is SHA-256 (RFC 4509).
    const digests = (await this.keysOf(zone)).flatMap((key) => key.ds ?? []).filter((ds) => ds.split(" ")[2] === "2");
    return [
      { name: zone, type: "NS", ttl, contents: [dot(server)] },
      ...addressesOf(server),
      { name: zone, type: "DS", ttl, contents: digests },
    ];
  }

  private childrenOf(zone: string): string[] {
    return [...this.known].filter((one) => one !== "" && one !== zone && this.parentOf(one) === zone);
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
  }

  /** Changes wait for each other: to the second of two, SQLite says "database is locked", and PowerDNS 500. */
  private call(method: string, resource: string, body?: unknown): Promise<unknown> {
    if (method === "GET") return this.ask(method, resource);
    const turn = this.lastChange.then(() => this.ask(method, resource, body));
    // Its failure is told to who asked for it, and is not the next one's.
    this.lastChange = turn.catch(() => undefined);
    return turn;
  }

  private async ask(method: string, resource: string, body?: unknown): Promise<unknown> {
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
