import { Firewall } from "@pulumi/linode/firewall";
import { Instance } from "@pulumi/linode/instance";
import * as pulumi from "@pulumi/pulumi";
import { guardedBy } from "./firewall-device";
import type { OpenPort } from "../deployment/define-service";
import type { SshKey } from "../deployment/ssh-key";
import { inboundRules } from "./firewall-rules";
import { hostLabel } from "./labels";
import { renderUserData } from "./user-data";

/** Arguments of a {@link Server}. */
export interface ServerArgs {
  /** Fully qualified name of the host, also its name in the provider's console. */
  hostname: string;
  region: string;
  plan: string;
  /** Let the disk grow with the plan, see `resizesDisk`. */
  resizeDisk: boolean;
  /** Operating system, `debian12` or `debian13`. Changing it replaces the host, which `protect` refuses. */
  os: string;
  /** The host's own SSH key. */
  hostKey: pulumi.Input<SshKey>;
  /** OpenSSH public key that may log in as root. */
  deployPublicKey: pulumi.Input<string>;
  /** Networks that may reach SSH. */
  sshAllowedCidrs: string[];
  /** Let the mail ports be reached over IPv6 too. */
  ipv6: boolean;
  /** Ports that everybody may reach. */
  openPorts: readonly OpenPort[];
  /** Refuse to delete or replace the host. */
  protect: boolean;
  /** The last `up`, if there was one: which instance was behind the firewall, see `Server.guarded`. */
  before?: { guarded?: string };
  /** Done before an instance is made, or taken away. */
  after: pulumi.Resource[];
}

/** A Linode behind a firewall that lets in only what a mail server needs. */
export class Server extends pulumi.ComponentResource {
  readonly instance: Instance;
  readonly firewall: Firewall;
  /** Id of the instance, once it is seen to be behind the firewall. */
  readonly guarded: pulumi.Output<string>;
  /** Public IPv4 address. */
  readonly ipv4: pulumi.Output<string>;
  /** Public IPv6 address, which each instance has; empty where the provider gave none. */
  readonly ipv6: pulumi.Output<string>;

  constructor(name: string, args: ServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:cloud:Server", name, {}, opts);

    const userData = pulumi
      .all([args.hostKey, args.deployPublicKey])
      .apply(([hostKey, deployPublicKey]) => renderUserData({ hostname: args.hostname, hostKey, deployPublicKey }));

    // First, so that the host has it from its first packet on.
    this.firewall = new Firewall(
      `${name}-firewall`,
      {
        label: hostLabel(args.hostname),
        inboundPolicy: "DROP",
        outboundPolicy: "ACCEPT",
        inbounds: inboundRules(args.sshAllowedCidrs, args.ipv6, args.openPorts),
        tags: ["mailstack"],
      },
      // The instance names its firewall, so the firewall's own list is not the program's to keep.
      { parent: this, ignoreChanges: ["linodes"] },
    );

    this.instance = new Instance(
      name,
      {
        label: hostLabel(args.hostname),
        region: args.region,
        type: args.plan,
        image: `linode/${args.os}`,
        authorizedKeys: [args.deployPublicKey],
        metadatas: [{ userData: pulumi.secret(userData.apply((text) => Buffer.from(text).toString("base64"))) }],
        firewallId: this.firewall.id.apply(Number),
        resizeDisk: args.resizeDisk,
        tags: ["mailstack"],
      },
      {
        parent: this,
        dependsOn: args.after,
        protect: args.protect,
        // These only matter when the host is made; a change would replace it, and the mail with it.
        ignoreChanges: ["authorizedKeys", "firewallId", "metadatas", "rootPass"],
        // The provider would move the host, to another address and without its volume.
        replaceOnChanges: ["region"],
        deleteBeforeReplace: true,
      },
    );

    this.guarded = guardedBy(`${name}-firewall-device`, this.firewall, this.instance, args.before, this);
    this.ipv4 = this.instance.ipAddress;
    // The API tells it as a network of one address.
    this.ipv6 = this.instance.ipv6.apply((network) => network.replace(/\/128$/, ""));
    this.registerOutputs({ ipv4: this.ipv4, ipv6: this.ipv6 });
  }
}
