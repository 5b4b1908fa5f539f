import type * as cloudflare from "@pulumi/cloudflare/provider";
import type { Instance } from "@pulumi/linode/instance";
import type * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { MailDisk, volumePath } from "./cloud/mail-disk";
import { ReverseName } from "./cloud/reverse-name";
import { volumeLabel } from "./cloud/labels";
import { Server } from "./cloud/server";
import { publishRecords } from "./dns/publish";
import { Published } from "./dns/published";
import type { HostFacts } from "./dns/zone-data";
import { presumedKeys } from "./history/dkim-keys";
import {
  backupsOf,
  hostnameOf,
  ownServices,
  publishedNames,
  resizesDisk,
  volumeLabelOf,
  type History,
  type Past,
} from "./history/history";
import { replacementOf } from "./history/replacement";
import { recordSetsOf, zoneIdOf, zonesOf, zoneTexts } from "./dns/zones";
import { handedOver } from "./deployment/handed-over";
import { Host } from "./deployment/host";
import { secretDigest } from "./deployment/secret-digest";
import { deriveSshKey, type SshKey } from "./deployment/ssh-key";
import type { ServiceSpec } from "./deployment/define-service";
import { HostSecrets } from "./deployment/secrets";
import { alertSecrets } from "./alert-secrets";
import { makeBackupSecrets } from "./backup-secrets";
import { installServices } from "./install-services";
import { lookAtOutgoing, relaySecret } from "./outgoing-mail";
import { openPorts, servicesOf } from "./services";
import { urlsOf } from "./services/alerts";
import { backupSecrets } from "./services/backup";
import { keysOf } from "./services/dkim-keys";
import { controllerSecret } from "./services/rspamd";
import { servedKeyOf } from "./services/served-key";
import { stackOf, type Stack } from "./services/stack";
import type { AlertUrlKey } from "./settings/alerts";
import type { Settings } from "./settings/schema";
import { webmailName } from "./settings/web-names";
import { roundcubeKey } from "./services/roundcube";
import { dnsTokenFile } from "./services/dns-token";

/** Arguments of a {@link MailServer}. */
export interface MailServerArgs {
  /** Checked settings, see `parseSettings`. */
  settings: Settings;
  /** The account that the host is in. */
  linode: linode.Provider;
  /** Needed with `dnsProvider: cloudflare` only. */
  cloudflare?: cloudflare.Provider;
  /** Needed with `certificate: dns-01` only: a token that may edit the DNS of the domains. Wrapped as secret here. */
  certificateDnsToken?: pulumi.Input<string>;
  /** Required if `backupRepository` begins with `s3:` or `rest:`. Wrapped as secrets here. */
  backupAccessKey?: pulumi.Input<string>;
  backupSecretKey?: pulumi.Input<string>;
  /** URLs for alerts, by their keys. Default: none. Wrapped as secrets here. */
  alertUrls?: Readonly<Partial<Record<AlertUrlKey, pulumi.Input<string>>>>;
  /** Required with `relayHost`. Wrapped as secret here. */
  relayPassword?: pulumi.Input<string>;
  /** What the last `up` of the stack left, see `checkedPast`. Without it nothing of before is kept. */
  past?: Past;
  /** Services of your own on the host, see `defineService`. Default: none. */
  services?: readonly ServiceSpec<Stack>[];
  /** Secrets that your services name as `@@secret:NAME@@`, by name. Default: none. */
  secrets?: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The primary mail server of one or more domains: host, services and DNS, in the order in which mail can flow. */
export class MailServer extends pulumi.ComponentResource {
  /** Fully qualified name of the host, which mail programs ask for. */
  readonly hostname: string;
  /** Public IPv4 address of the host. */
  readonly ipv4: pulumi.Output<string>;
  /** Address of the webmail's page, where there is one. */
  readonly webmail: string | undefined;
  /** Empty with `ipv6: false`. */
  readonly ipv6: pulumi.Output<string>;
  /** Host key, in authorized_keys form: what `ssh` must see. */
  readonly hostKey: pulumi.Output<string>;
  /** OpenSSH private key with which the deployer is root on the host. Secret. */
  readonly deployKey: pulumi.Output<string>;
  /** Password of the backup repository. Secret; keep a copy outside the stack: without it no backup can be read. */
  readonly backupPassword: pulumi.Output<string>;
  /** For the backup server's authorized_keys; only used by repositories over SSH. */
  readonly backupPublicKey: pulumi.Output<string>;
  /** DKIM TXT value of each domain. */
  readonly dkim: pulumi.Output<Record<string, string>>;
  /** Every record of each domain in zone-file form. */
  readonly zones: pulumi.Output<Record<string, string>>;
  /** For the next `up`. */
  readonly history: pulumi.Output<History>;
  /** The host with its services; `host.run` runs a command of `mailstack` on it. */
  readonly host: Host;
  /** The Linode itself. */
  readonly instance: Instance;
  /** Made last: `dependsOn: server.ready` waits until the world's mail is sent here. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: MailServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:index:MailServer", name, {}, opts);
    const { settings } = args;
    const hostname = hostnameOf(settings);
    const here = { parent: this };
    const { first, former } = publishedNames(settings, args.past);
    const { volumeGb: sizeGb, protect } = settings;
    const stack = stackOf(settings, {
      fqdn: hostname,
      formerFqdns: former.hostnames.map((host) => host.name),
      volumeDevice: sizeGb > 0 ? volumePath(volumeLabelOf(first)) : undefined,
      alertUrls: urlsOf(args.alertUrls),
    });
    const { mailDomains: domains } = stack;
    const services = servicesOf(stack, args.services);
    const named = (list: readonly ServiceSpec<Stack>[] = []) => list.map((spec) => spec.name);
    const resizeDisk = resizesDisk(args.past, settings.plan);
    const own = ownServices(args.past, named(args.services), named(services));

    // The host key is made here, so that the very first connection knows it.
    const hostKey = this.sshKey(`${name}-host-key`);
    const deployKey = this.sshKey(`${name}-deploy-key`);
    const controller = new random.RandomPassword(`${name}-rspamd-controller`, { length: 32, special: false }, here);
    // As long as the key of its cipher; sessions of the webmail end when it changes.
    const webmailKey = new random.RandomPassword(`${name}-roundcube-secret`, { length: 32, special: false }, here);
    const digestKey = new random.RandomPassword(`${name}-digest-key`, { length: 64, special: false }, here);

    const backups = makeBackupSecrets(
      `${name}-backup`,
      {
        settings,
        label: `mailstack-${volumeLabel(first.hostname)}`,
        accessKey: args.backupAccessKey,
        secretKey: args.backupSecretKey,
      },
      { parent: this, providers: [args.linode] },
    );
    const replaced = replacementOf(args.past, settings);
    const access = { privateKey: deployKey.privateKey, hostKey: pulumi.unsecret(hostKey.publicKey) };
    const server = new Server(
      name,
      {
        hostname,
        region: settings.region,
        plan: settings.plan,
        resizeDisk,
        os: settings.os,
        hostKey,
        deployPublicKey: pulumi.unsecret(deployKey.publicKey),
        sshAllowedCidrs: settings.sshAllowedCidrs,
        ipv6: settings.ipv6,
        openPorts: openPorts(services, stack),
        protect: settings.protect,
        before: args.past,
        after: replaced
          ? [handedOver(`${name}-handed-over`, replaced.host, { ...access, address: replaced.address }, here)]
          : [],
      },
      { parent: this, providers: [args.linode] },
    );
    const secrets = withOwnSecrets(
      {
        [controllerSecret]: controller.result,
        [roundcubeKey]: webmailKey.result,
        ...dnsTokenFile(settings, args.certificateDnsToken),
        ...backups.values,
        ...beginsBackups(args.past, settings.backupRepository, server.instance.id),
        ...alertSecrets(settings, args.alertUrls),
        ...relaySecret(settings, args.relayPassword),
      },
      args.secrets,
    );
    const digests = Object.entries(secrets).map(([secret, value]) => [secret, secretDigest(digestKey.result, value)]);
    const host = new Host(
      `${name}-host`,
      {
        ...access,
        address: server.ipv4,
        instance: server.instance,
        secretDigests: Object.fromEntries(digests) as Record<string, pulumi.Output<string>>,
      },
      { parent: this, dependsOn: [server] },
    );

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
    const handed = new HostSecrets(`${name}-secrets`, { host, values: secrets }, { parent: this, dependsOn: host });
    const installed = installServices(name, {
      host,
      stack,
      services,
      after: handed,
      waitsFor: { volume: disk ? [disk.volume] : [], address },
      parent: this,
    });
    const keys = installed
      .resultsOf("rspamd")
      .apply((results) => keysOf(results, settings.dkimOtherSelectors, domains));
    const dkim = keys.apply(({ signing }) => signing);
    const servedKey = settings.dane ? installed.resultsOf("certificate").apply(servedKeyOf) : undefined;
    const facts = pulumi
      .all([addresses, keys, servedKey])
      .apply(([known, { signing, others }, servedKey]): HostFacts => ({
        ...known,
        dkim: signing,
        otherKeys: others,
        servedKey,
      }));

    const pointing = { parent: this, providers: [args.linode], dependsOn: address };
    const reverse = [new ReverseName(`${name}-ptr`, { address: server.ipv4, hostname }, pointing)];
    if (settings.ipv6) reverse.push(new ReverseName(`${name}-ptr6`, { address: server.ipv6, hostname }, pointing));
    const presuming = { ...publishing, presumedKeys: presumedKeys(args.past, settings, pulumi.runtime.isDryRun()) };
    const records = publishRecords(`${name}-dns`, "mail", presuming, facts, [installed.last, ...reverse]);
    // A new key signs only now. Where its record is not to be seen within the time, the host goes on looking.
    const signers = JSON.stringify({ selector: settings.dkimSelector, domains });
    const signing = { parent: this, dependsOn: [installed.last, ...records] };
    const signed = host.run(`${name}-dkim`, { arguments: "dkim switch --wait 60", stdin: signers }, signing);
    // The firewall is closed for them by now.
    const retiring = { parent: this, dependsOn: [installed.last] };
    const removal = { arguments: `remove ${own.retired.join(" ")}` };
    const retired = own.retired.length > 0 ? [host.run(`${name}-retired`, removal, retiring)] : [];
    this.ready = new Published(
      `${name}-published`,
      host,
      { records: recordSetsOf(publishing) },
      { parent: this, dependsOn: [signed, ...retired] },
    );
    lookAtOutgoing(`${name}-outgoing`, host, settings, { parent: this, dependsOn: this.ready });

    this.dkim = dkim;
    this.zones = facts.apply((known) => zoneTexts(publishing, known));
    const { region, os, plan } = settings;
    const zones = Object.fromEntries(zonesOf(settings).map((zone) => [zone.name, zoneIdOf(settings, zone)]));
    // Known when all is published: a preview, or an `up` that fails on its way, leaves the last one's.
    this.history = pulumi
      .all([server.guarded, server.instance.id, server.ipv4, facts])
      .apply(([guarded, id, ipv4]): History => ({
        first,
        region,
        os,
        plan,
        resizesDisk: resizeDisk,
        guarded,
        address: ipv4,
        ...(replaced && { replaced }),
        zones,
        selector: settings.dkimSelector,
        services: own.services,
        backups: backupsOf(args.past, settings.backupRepository, id),
        kept: former.kept,
      }));
    this.host = host;
    this.instance = instance;
    this.hostname = hostname;
    this.webmail = settings.webmail ? `https://${webmailName(settings.domain)}` : undefined;
    this.ipv4 = server.ipv4;
    this.ipv6 = settings.ipv6 ? server.ipv6 : pulumi.output("");
    this.hostKey = pulumi.unsecret(hostKey.publicKey);
    this.deployKey = deployKey.privateKey;
    this.backupPassword = backups.password;
    this.backupPublicKey = backups.publicKey;
    this.registerOutputs({ hostname, ipv4: this.ipv4, ipv6: this.ipv6, hostKey: this.hostKey, dkim: this.dkim });
  }

  /** An SSH key. Not from RandomBytes: the id of that resource is its value, and ids stand in clear in the state. */
  private sshKey(name: string): pulumi.Output<SshKey> {
    const secret = new random.RandomPassword(name, { length: 64, special: false }, { parent: this });
    return pulumi.secret(secret.result).apply(deriveSshKey);
  }
}

/** Whether an empty repository is a beginning. A later host of the stack must find backups there. */
function beginsBackups(
  past: Past | undefined,
  repository: string,
  instance: pulumi.Output<string>,
): Record<string, pulumi.Output<string>> {
  if (repository === "") return {};
  const begins = instance.apply((id) => (backupsOf(past, repository, id)?.host === id ? "yes" : "no"));
  return { [backupSecrets.begins]: begins };
}

/**
 * The secrets of the host with those of another program's services.
 * @throws Error for a name that is taken: the services that name it would get each other's secret.
 */
function withOwnSecrets(
  secrets: Record<string, pulumi.Output<string>>,
  own: MailServerArgs["secrets"] = {},
): Record<string, pulumi.Output<string>> {
  const taken = Object.keys(own).filter((secret) => secret in secrets);
  if (taken.length > 0) throw new Error(`secrets: ${taken.join(", ")}: taken by Mailstack; choose another name`);
  const wrapped = Object.entries(own).map(([secret, value]) => [secret, pulumi.secret(value)] as const);
  return { ...secrets, ...Object.fromEntries(wrapped) };
}
