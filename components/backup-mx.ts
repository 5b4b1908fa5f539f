import type * as cloudflare from "@pulumi/cloudflare/provider";
import type { Instance } from "@pulumi/linode/instance";
import type * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import { publishRecords } from "./dns/publish";
import { Published } from "./dns/published";
import type { HostFacts } from "./dns/zone-data";
import { publishedNames, resizesDisk, type History, type Past } from "./history/history";
import type { Host } from "./deployment/host";
import { alertSecrets } from "./alert-secrets";
import { recordSetsOf, zoneIdOf, zonesOf, zoneTexts } from "./dns/zones";
import { makeMailHost } from "./mail-host";
import { lookAtOutgoing } from "./outgoing-mail";
import { exchangeVersion, type BackupExchanger, type RelayFor } from "./reach/exchange";
import { relayServicesOf } from "./services";
import { urlsOf } from "./services/alerts";
import { servedKeyOf } from "./services/served-key";
import { stackOf } from "./services/stack";
import type { AlertUrlKey } from "./settings/alerts";
import { settingsOf, type BackupMxSettings } from "./settings/backup-mx";

/** Arguments of a {@link BackupMx}. */
export interface BackupMxArgs {
  /** Checked settings, see `parseBackupMxSettings`. */
  settings: BackupMxSettings;
  /** What the primary's stack says, see `primaryOf`. */
  primary: RelayFor;
  /** The account that the host is in. */
  linode: linode.Provider;
  /** Needed with `dnsProvider: cloudflare` only. */
  cloudflare?: cloudflare.Provider;
  /** URLs for alerts, by their keys. Default: none. Wrapped as secrets here. */
  alertUrls?: Readonly<Partial<Record<AlertUrlKey, pulumi.Input<string>>>>;
  /** What the last `up` of the stack left, see `checkedPast`. */
  past?: Past;
}

/**
 * A second mail exchanger: it takes mail for another mail server, keeps it while that is away, and hands it on. The MX record
 * that leads to it is the primary's, made once the primary believes it.
 */
export class BackupMx extends pulumi.ComponentResource {
  /** Fully qualified name of the host. */
  readonly hostname: string;
  /** Public IPv4 address of the host. */
  readonly ipv4: pulumi.Output<string>;
  /** Empty with `ipv6: false`. */
  readonly ipv6: pulumi.Output<string>;
  /** Host key, in authorized_keys form: what `ssh` must see. */
  readonly hostKey: pulumi.Output<string>;
  /** OpenSSH private key with which the deployer is root on the host. Secret. */
  readonly deployKey: pulumi.Output<string>;
  /** For the primary, which reads it as the output `backupMx` of this stack. */
  readonly backupMx: pulumi.Output<BackupExchanger>;
  /** Every record of the host in zone-file form, by domain. */
  readonly zones: pulumi.Output<Record<string, string>>;
  /** For the next `up`. */
  readonly history: pulumi.Output<History>;
  /** The host with its services. */
  readonly host: Host;
  /** The Linode itself. */
  readonly instance: Instance;

  constructor(name: string, args: BackupMxArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:index:BackupMx", name, {}, opts);
    const settings = settingsOf(args.settings, args.primary);
    const { hostname, domain } = settings;
    const { first, former } = publishedNames(settings, args.past);
    const stack = {
      ...stackOf(settings, { fqdn: hostname, formerFqdns: [], alertUrls: urlsOf(args.alertUrls) }),
      // It signs for nobody, and no address is its own.
      mailDomains: [],
      relayFor: args.primary,
    };
    const made = makeMailHost(
      name,
      {
        settings,
        stack,
        services: relayServicesOf(stack),
        past: args.past,
        linode: args.linode,
        cloudflare: args.cloudflare,
        names: { hostname, first, former },
        before: () => [],
        secrets: (_server, common) => ({ ...common, ...alertSecrets(settings, args.alertUrls) }),
      },
      this,
    );
    const { server, host, installed, publishing, reverse } = made;
    const servedKey = settings.dane ? installed.resultsOf("certificate").apply(servedKeyOf) : undefined;
    const facts = pulumi
      .all([made.addresses, servedKey])
      .apply(([known, servedKey]): HostFacts => ({ ...known, dkim: {}, servedKey }));
    const records = publishRecords(`${name}-dns`, "mail", publishing, facts, [installed.last, ...reverse]);
    const published = new Published(
      `${name}-published`,
      host,
      { records: recordSetsOf(publishing) },
      { parent: this, dependsOn: [installed.last, ...reverse, ...records] },
    );
    lookAtOutgoing(`${name}-outgoing`, host, settings, { parent: this, dependsOn: published });

    this.hostname = hostname;
    this.ipv4 = server.ipv4;
    this.ipv6 = settings.ipv6 ? server.ipv6 : pulumi.output("");
    this.hostKey = made.hostKey;
    this.deployKey = made.deployKey;
    this.host = host;
    this.instance = server.instance;
    this.zones = facts.apply((known) => zoneTexts(publishing, known));
    // Known when the host is at work: until then the primary has nobody to lead mail to.
    this.backupMx = pulumi
      .all([server.ipv4, this.ipv6, published.urn])
      .apply(([ipv4, ipv6]): BackupExchanger => ({ version: exchangeVersion, hostname, ipv4, ipv6 }));
    const { region, os, plan, dkimSelector: selector } = settings;
    const zones = Object.fromEntries(zonesOf(settings).map((zone) => [zone.name, zoneIdOf(settings, zone)]));
    this.history = pulumi.all([server.guarded, server.ipv4, facts]).apply(([guarded, address]): History => {
      const { kept } = former;
      return {
        first,
        region,
        os,
        plan,
        resizesDisk: resizesDisk(args.past, plan),
        guarded,
        address,
        zones,
        selector,
        kept,
      };
    });
    this.registerOutputs({ hostname, domain, ipv4: this.ipv4, ipv6: this.ipv6, hostKey: this.hostKey });
  }
}
