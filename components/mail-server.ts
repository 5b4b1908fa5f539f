import type * as cloudflare from "@pulumi/cloudflare/provider";
import type { Instance } from "@pulumi/linode/instance";
import type * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { MailDisk, volumePath } from "./cloud/mail-disk";
import { volumeLabel } from "./cloud/labels";
import { publishRecords } from "./dns/publish";
import { Published } from "./dns/published";
import type { HostFacts } from "./dns/zone-data";
import { presumedKeys } from "./history/dkim-keys";
import {
  backupsOf,
  hostnameOf,
  keptUntil,
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
import type { Host } from "./deployment/host";
import type { ServiceSpec } from "./deployment/define-service";
import { alertSecrets } from "./alert-secrets";
import { makeBackupSecrets } from "./backup-secrets";
import { makeMailHost } from "./mail-host";
import { lookAtOutgoing, relaySecret } from "./outgoing-mail";
import type { BackupExchanger, RelayFor } from "./reach/exchange";
import { trustedExchangers } from "./reach/trusted";
import { servicesOf } from "./services";
import { urlsOf } from "./services/alerts";
import { backupSecrets } from "./services/backup";
import { keysOf } from "./services/dkim-keys";
import { servedKeyOf } from "./services/served-key";
import { relayForOf } from "./services/relay-for";
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
  /** Another host that is MX 20 of the domains, see `backupMxOf`. Default: none. */
  backupMx?: BackupExchanger;
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
  /** For a backup MX, which reads it as the output `relayFor` of this stack. */
  readonly relayFor: RelayFor;
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
    const now = new Date();
    const backupMxs = trustedExchangers(args.past?.backupMxs ?? [], args.backupMx, keptUntil(now), now);
    const stack = stackOf(settings, {
      fqdn: hostname,
      formerFqdns: former.hostnames.map((host) => host.name),
      volumeDevice: sizeGb > 0 ? volumePath(volumeLabelOf(first)) : undefined,
      alertUrls: urlsOf(args.alertUrls),
      backupMxs,
    });
    const { mailDomains: domains } = stack;
    const services = servicesOf(stack, args.services);
    const named = (list: readonly ServiceSpec<Stack>[] = []) => list.map((spec) => spec.name);
    const own = ownServices(args.past, named(args.services), named(services));
    // As long as the key of its cipher; sessions of the webmail end when it changes.
    const webmailKey = new random.RandomPassword(`${name}-roundcube-secret`, { length: 32, special: false }, here);
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
    const made = makeMailHost(
      name,
      {
        settings,
        stack,
        services,
        past: args.past,
        linode: args.linode,
        cloudflare: args.cloudflare,
        names: {
          hostname,
          first,
          former,
          backup: { present: args.backupMx?.hostname, all: backupMxs.map((one) => one.hostname) },
        },
        before: (access) =>
          replaced
            ? [handedOver(`${name}-handed-over`, replaced.host, { ...access, address: replaced.address }, here)]
            : [],
        secrets: ({ instance }, common) =>
          withOwnSecrets(
            {
              ...common,
              [roundcubeKey]: webmailKey.result,
              ...dnsTokenFile(settings, args.certificateDnsToken),
              ...backups.values,
              ...beginsBackups(args.past, settings.backupRepository, instance.id),
              ...alertSecrets(settings, args.alertUrls),
              ...relaySecret(settings, args.relayPassword),
            },
            args.secrets,
          ),
        volume: ({ instance }) => {
          if (sizeGb === 0) return [];
          const disk = { label: volumeLabelOf(first), region: settings.region, sizeGb, instance, protect };
          return [new MailDisk(`${name}-disk`, disk, { parent: this, providers: [args.linode] }).volume];
        },
      },
      this,
    );
    const { server, host, installed, publishing, addresses, reverse } = made;
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
        resizesDisk: resizesDisk(args.past, plan),
        guarded,
        address: ipv4,
        ...(replaced && { replaced }),
        zones,
        selector: settings.dkimSelector,
        services: own.services,
        backups: backupsOf(args.past, settings.backupRepository, id),
        ...(backupMxs.length > 0 && { backupMxs }),
        kept: former.kept,
      }));
    this.relayFor = relayForOf(stack);
    this.host = host;
    this.instance = server.instance;
    this.hostname = hostname;
    this.webmail = settings.webmail ? `https://${webmailName(settings.domain)}` : undefined;
    this.ipv4 = server.ipv4;
    this.ipv6 = settings.ipv6 ? server.ipv6 : pulumi.output("");
    this.hostKey = made.hostKey;
    this.deployKey = made.deployKey;
    this.backupPassword = backups.password;
    this.backupPublicKey = backups.publicKey;
    this.registerOutputs({ hostname, ipv4: this.ipv4, ipv6: this.ipv6, hostKey: this.hostKey, dkim: this.dkim });
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
