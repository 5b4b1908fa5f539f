import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { renderHostFirewall, type HostFirewallSettings } from "./firewall.render";
import type { Host } from "./host";
import { Service } from "./service";

/** The host's own firewall, and the new connection that proves that it lets the deployer in. */
export class HostFirewall extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<HostFirewallSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderHostFirewall);
    super(name, { type: "host:HostFirewall", service: "ufw", host, bundle }, opts);
    // Other rules need another proof.
    const digest = bundle.apply((rules) => createHash("sha256").update(JSON.stringify(rules)).digest("hex"));
    host.run(
      `${name}-confirmed`,
      { arguments: "firewall confirm", stdin: digest },
      { parent: this, dependsOn: [this.applied] },
    );
  }
}
