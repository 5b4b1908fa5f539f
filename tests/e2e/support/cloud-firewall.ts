import assert from "node:assert/strict";
import { linode } from "./linode";
import type { Server } from "./servers";

/** The provider's firewall of a host, which tests of the host's own one take out of the way. */
export class CloudFirewall {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
    private readonly rules: object,
  ) {}

  static async of(server: Server): Promise<CloudFirewall> {
    const firewalls = "networking/firewalls";
    const listed = await linode<{ data: { id: number; label: string }[] }>(server, "GET", firewalls);
    const own = listed.data.find(({ label }) => label === server.hostname.slice(0, 32));
    assert.ok(own, JSON.stringify(listed));
    const path = `${firewalls}/${own.id}/rules`;
    return new CloudFirewall(server, path, await linode<object>(server, "GET", path));
  }

  /** Lets everything in, so that what is shut is shut by the host. */
  async open(): Promise<void> {
    await this.put({ inbound_policy: "ACCEPT", outbound_policy: "ACCEPT", inbound: [], outbound: [] });
  }

  /** The host reaches no other one on this port, as if the provider had blocked it. */
  async blockOut(port: number): Promise<void> {
    const addresses = { ipv4: ["0.0.0.0/0"], ipv6: ["::/0"] };
    const rule = { label: "blocked", action: "DROP", protocol: "TCP", ports: String(port), addresses };
    await this.put({ ...this.rules, outbound_policy: "ACCEPT", outbound: [rule] });
  }

  /** As the stack has made it. */
  async close(): Promise<void> {
    await this.put(this.rules);
  }

  private async put(rules: object): Promise<void> {
    await linode(this.server, "PUT", this.path, JSON.stringify(rules));
  }
}
