import type * as cloudflare from "@pulumi/cloudflare/provider";
import type * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ReverseName } from "./cloud/reverse-name";
import { Server } from "./cloud/server";
import { publishRecords, type PublishArgs } from "./dns/publish";
import type { HostFacts } from "./dns/zone-data";
import { resizesDisk, type Past } from "./history/history";
import { Host } from "./deployment/host";
import { secretDigest } from "./deployment/secret-digest";
import { deriveSshKey, type SshKey } from "./deployment/ssh-key";
import type { ServiceSpec } from "./deployment/define-service";
import { HostSecrets } from "./deployment/secrets";
import { installServices, type InstalledServices } from "./install-services";
import { openPorts } from "./services";
import { controllerSecret } from "./services/rspamd";
import type { Stack } from "./services/stack";
import type { Settings } from "./settings/schema";

type Secrets = Record<string, pulumi.Output<string>>;

/** How the deployer reaches a host. */
export interface HostAccess {
  privateKey: pulumi.Output<string>;
  hostKey: pulumi.Output<string>;
}

/** Arguments of {@link makeMailHost}. */
export interface MailHostArgs {
  settings: Settings;
  stack: Stack;
  services: readonly ServiceSpec<Stack>[];
  past?: Past;
  linode: linode.Provider;
  cloudflare?: cloudflare.Provider;
  /** What its records are made from. */
  names: Omit<PublishArgs, "settings" | "linode" | "cloudflare" | "parent">;
  /** Made before an instance is made or taken away. */
  before: (access: HostAccess) => pulumi.Resource[];
  /** The secrets of the host, by name: those that every host has (`common`), and its own. */
  secrets: (server: Server, common: Secrets) => Secrets;
  /** What the mail is on, beside the host's own disk. */
  volume?: (server: Server) => pulumi.Resource[];
}

/** A host with its services and names. */
export interface MailHost {
  server: Server;
  host: Host;
  /** Host key, in authorized_keys form. */
  hostKey: pulumi.Output<string>;
  /** OpenSSH private key of the deployer. Secret. */
  deployKey: pulumi.Output<string>;
  addresses: pulumi.Output<{ ipv4: string; ipv6: string }>;
  installed: InstalledServices;
  /** The names of its addresses. */
  reverse: pulumi.Resource[];
  /** What its records are published by. */
  publishing: PublishArgs;
}

/** The Linode of a mail server or of a backup MX, in the order in which mail can flow: everything but the `mail` records. */
export function makeMailHost(name: string, args: MailHostArgs, parent: pulumi.Resource): MailHost {
  const { settings, stack, services } = args;
  const { fqdn: hostname } = stack;
  const here = { parent };
  // The host key is made here, so that the very first connection knows it.
  const hostKey = sshKey(`${name}-host-key`, parent);
  const deployKey = sshKey(`${name}-deploy-key`, parent);
  const controller = new random.RandomPassword(`${name}-rspamd-controller`, { length: 32, special: false }, here);
  const digestKey = new random.RandomPassword(`${name}-digest-key`, { length: 64, special: false }, here);
  const access = { privateKey: deployKey.privateKey, hostKey: pulumi.unsecret(hostKey.publicKey) };
  const server = new Server(
    name,
    {
      hostname,
      region: settings.region,
      plan: settings.plan,
      resizeDisk: resizesDisk(args.past, settings.plan),
      os: settings.os,
      hostKey,
      deployPublicKey: pulumi.unsecret(deployKey.publicKey),
      sshAllowedCidrs: settings.sshAllowedCidrs,
      ipv6: settings.ipv6,
      openPorts: openPorts(services, stack),
      protect: settings.protect,
      before: args.past,
      after: args.before(access),
    },
    { parent, providers: [args.linode] },
  );
  const secrets = args.secrets(server, { [controllerSecret]: controller.result });
  const digests = Object.entries(secrets).map(([secret, value]) => [secret, secretDigest(digestKey.result, value)]);
  const host = new Host(
    `${name}-host`,
    {
      ...access,
      address: server.ipv4,
      instance: server.instance,
      secretDigests: Object.fromEntries(digests) as Record<string, pulumi.Output<string>>,
    },
    { parent, dependsOn: [server] },
  );
  const volume = args.volume?.(server) ?? [];
  const publishing = { ...args.names, settings, linode: args.linode, cloudflare: args.cloudflare, parent };
  const addresses = pulumi.all([server.ipv4, server.ipv6]).apply(([ipv4, ipv6]) => ({ ipv4, ipv6 }));
  const early = addresses.apply((known): HostFacts => ({ ...known, dkim: {} }));
  const address = publishRecords(`${name}-address`, "address", publishing, early, [server]);
  const handed = new HostSecrets(`${name}-secrets`, { host, values: secrets }, { parent, dependsOn: host });
  const installed = installServices(name, {
    host,
    stack,
    services,
    after: handed,
    waitsFor: { volume, address },
    parent,
  });
  const pointing = { parent, providers: [args.linode], dependsOn: address };
  const reverse = [new ReverseName(`${name}-ptr`, { address: server.ipv4, hostname }, pointing)];
  if (settings.ipv6) reverse.push(new ReverseName(`${name}-ptr6`, { address: server.ipv6, hostname }, pointing));
  return {
    server,
    host,
    hostKey: access.hostKey,
    deployKey: deployKey.privateKey,
    addresses,
    installed,
    reverse,
    publishing,
  };
}

/** An SSH key. Not from RandomBytes: the id of that resource is its value, and ids stand in clear in the state. */
function sshKey(name: string, parent: pulumi.Resource): pulumi.Output<SshKey> {
  const secret = new random.RandomPassword(name, { length: 64, special: false }, { parent });
  return pulumi.secret(secret.result).apply(deriveSshKey);
}
