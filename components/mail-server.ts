import type * as cloudflare from "@pulumi/cloudflare/provider";
import type * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { MailDisk } from "./cloud/mail-disk";
import { ReverseName } from "./cloud/reverse-name";
import { Server } from "./cloud/server";
import { publishRecords } from "./dns/publish";
import { Published } from "./dns/published";
import type { HostFacts } from "./dns/zone-data";
import { hostnameOf, publishedNames, volumeLabelOf, type History, type Past } from "./history/history";
import { recordSetsOf, zoneIdOf, zonesOf, zoneTexts } from "./dns/zones";
import { Host } from "./host/host";
import { HostHealth } from "./host/health";
import { secretDigest } from "./host/secret-digest";
import { deriveSshKey, type SshKey } from "./host/ssh-key";
import { controllerSecret } from "./mail/rspamd.render";
import { protectHost } from "./mail-protection";
import { installServices } from "./mail-services";
import type { Settings } from "./settings/schema";
import { webmailName } from "./web/names";
import { roundcubeKey } from "./web/roundcube.render";
import { dnsTokenFile } from "./web/dns-token";

/** Arguments of a {@link MailServer}. */
export interface MailServerArgs {
  /** Checked settings, see `parseSettings`. */
  settings: Settings;
  linode: linode.Provider;
  /** Needed with `dnsProvider: cloudflare` only. */
  cloudflare?: cloudflare.Provider;
  /** Needed with `certificate: dns-01` only: a token that may edit the DNS of the domains. Wrapped as secret here. */
  certificateDnsToken?: pulumi.Input<string>;
  /** What the last `up` of the stack left, see `readPast`. Without it nothing of before is kept. */
  past?: Past;
}

/** The primary mail server of one or more domains: host, services and DNS, in the order in which mail can flow. */
export class MailServer extends pulumi.ComponentResource {
  readonly hostname: string;
  readonly ipv4: pulumi.Output<string>;
  /** Address of the webmail's page, where there is one. */
  readonly webmail: string | undefined;
  /** Empty with `ipv6: false`. */
  readonly ipv6: pulumi.Output<string>;
  /** Host key, in authorized_keys form: what `ssh` must see. */
  readonly hostKey: pulumi.Output<string>;
  /** OpenSSH private key with which the deployer is root on the host. Secret. */
  readonly deployKey: pulumi.Output<string>;
  /** DKIM TXT value of each domain. */
  readonly dkim: pulumi.Output<Record<string, string>>;
  /** Every record of each domain in zone-file form. */
  readonly zones: pulumi.Output<Record<string, string>>;
  /** For the next `up`. */
  readonly history: pulumi.Output<History>;

  constructor(name: string, args: MailServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:index:MailServer", name, {}, opts);
    const { settings } = args;
    const hostname = hostnameOf(settings);
    const domains = [settings.domain, ...settings.domains.map((domain) => domain.name)];
    const here = { parent: this };
    const { first, former } = publishedNames(settings, args.past);

    // The host key is made here, so that the very first connection knows it.
    const hostKey = this.sshKey(`${name}-host-key`);
    const deployKey = this.sshKey(`${name}-deploy-key`);
    const controller = new random.RandomPassword(`${name}-rspamd-controller`, { length: 32, special: false }, here);
    // As long as the key of its cipher; sessions of the webmail end when it changes.
    const webmailKey = new random.RandomPassword(`${name}-roundcube-secret`, { length: 32, special: false }, here);
    const digestKey = new random.RandomPassword(`${name}-digest-key`, { length: 64, special: false }, here);

    const server = new Server(
      name,
      {
        hostname,
        region: settings.region,
        plan: settings.plan,
        os: settings.os,
        hostKey,
        deployPublicKey: pulumi.unsecret(deployKey.publicKey),
        sshAllowedCidrs: settings.sshAllowedCidrs,
        ipv6: settings.ipv6,
        manageSieve: settings.manageSieve,
        protect: settings.protect,
        before: args.past,
      },
      { parent: this, providers: [args.linode] },
    );
    const secrets: Record<string, pulumi.Output<string>> = {
      [controllerSecret]: controller.result,
      [roundcubeKey]: webmailKey.result,
      ...dnsTokenFile(settings, args.certificateDnsToken),
    };
    const digests = Object.entries(secrets).map(([secret, value]) => [secret, secretDigest(digestKey.result, value)]);
    const host = new Host(
      `${name}-host`,
      {
        address: server.ipv4,
        privateKey: deployKey.privateKey,
        hostKey: pulumi.unsecret(hostKey.publicKey),
        instance: server.instance,
        secretDigests: Object.fromEntries(digests) as Record<string, pulumi.Output<string>>,
      },
      { parent: this, dependsOn: [server] },
    );

    const { volumeGb: sizeGb, protect } = settings;
    const diskOptions = { parent: this, providers: [args.linode] };
    const { instance } = server;
    const disk =
      sizeGb > 0
        ? new MailDisk(
            `${name}-disk`,
            { label: volumeLabelOf(first), region: settings.region, sizeGb, instance, protect },
            diskOptions,
          )
        : undefined;

    const publishing = {
      settings,
      hostname,
      first,
      former,
      linode: args.linode,
      cloudflare: args.cloudflare,
      parent: this,
    };
    const addresses = pulumi.all([server.ipv4, server.ipv6]).apply(([ipv4, ipv6]) => ({ ipv4, ipv6 }));
    const early = addresses.apply((known): HostFacts => ({ ...known, dkim: {} }));
    const address = publishRecords(`${name}-address`, "address", publishing, early, [server]);
    const formerHostnames = former.hostnames.map((host) => host.name);
    const names = { hostname, formerHostnames, domains };
    const services = { settings, host, ...names, secrets, address, disk, parent: this };
    const { dkim, servedKey, last } = installServices(name, services);
    const facts = pulumi
      .all([addresses, dkim, servedKey])
      .apply(([known, dkim, servedKey]): HostFacts => ({ ...known, dkim, servedKey }));

    const named = { parent: this, providers: [args.linode], dependsOn: address };
    const reverse = [new ReverseName(`${name}-ptr`, { address: server.ipv4, hostname }, named)];
    if (settings.ipv6) reverse.push(new ReverseName(`${name}-ptr6`, { address: server.ipv6, hostname }, named));
    const health = new HostHealth(`${name}-health`, { host, hostname }, { parent: this, dependsOn: [last] });
    const guarded = protectHost(name, { settings, host, after: health, parent: this });
    const records = publishRecords(`${name}-dns`, "mail", publishing, facts, [guarded, ...reverse]);
    // A new key signs only now. Where its record is not to be seen within the time, the host goes on looking.
    const keys = JSON.stringify({ selector: settings.dkimSelector, domains });
    const signing = { parent: this, dependsOn: [guarded, ...records] };
    const signed = host.run(`${name}-dkim`, { arguments: "dkim switch --wait 60", stdin: keys }, signing);
    new Published(
      `${name}-published`,
      host,
      { records: recordSetsOf(publishing) },
      { parent: this, dependsOn: [signed] },
    );

    this.dkim = dkim;
    this.zones = facts.apply((known) => zoneTexts(publishing, known));
    const { region, os } = settings;
    const zones = Object.fromEntries(zonesOf(settings).map((zone) => [zone.name, zoneIdOf(settings, zone)]));
    // Known when all is published: a preview, or an `up` that fails on its way, leaves the last one's.
    this.history = pulumi
      .all([server.guarded, facts])
      .apply(([guarded]): History => ({ first, region, os, guarded, zones, kept: former.kept }));
    this.hostname = hostname;
    this.webmail = settings.webmail ? `https://${webmailName(settings.domain)}` : undefined;
    this.ipv4 = server.ipv4;
    this.ipv6 = settings.ipv6 ? server.ipv6 : pulumi.output("");
    this.hostKey = pulumi.unsecret(hostKey.publicKey);
    this.deployKey = deployKey.privateKey;
    this.registerOutputs({ hostname, ipv4: this.ipv4, ipv6: this.ipv6, hostKey: this.hostKey, dkim: this.dkim });
  }

  /** An SSH key. Not from RandomBytes: the id of that resource is its value, and ids stand in clear in the state. */
  private sshKey(name: string): pulumi.Output<SshKey> {
    const secret = new random.RandomPassword(name, { length: 64, special: false }, { parent: this });
    return pulumi.secret(secret.result).apply(deriveSshKey);
  }
}
