import * as pulumi from "@pulumi/pulumi";
import type { MailDisk } from "./cloud/mail-disk";
import type { Host } from "./host/host";
import { Packages } from "./host/packages";
import { Resolver } from "./host/resolver";
import { HostSecrets } from "./host/secrets";
import { Swap } from "./host/swap";
import { Accounts } from "./mail/accounts";
import type { AccountsSettings } from "./mail/accounts.render";
import { Dovecot } from "./mail/dovecot";
import { Lockout } from "./mail/lockout";
import { MailGuard } from "./mail/mail-guard";
import { MailboxQuota } from "./mail/mailbox-quota";
import { MtaSts } from "./mail/mta-sts";
import { Postfix } from "./mail/postfix";
import { Redis } from "./mail/redis";
import { Rspamd } from "./mail/rspamd";
import { Senders } from "./mail/senders";
import { Srs } from "./mail/srs";
import { dkimOutput } from "./mail/rspamd.render";
import { Volume } from "./mail/volume";
import { volumePackages } from "./mail/volume.render";
import { filterAnswers, filterPackages, setUpFilters } from "./mail-filters";
import { setUpMachine } from "./mail-machine";
import type { Settings } from "./settings/schema";
import { Autoconfig } from "./web/autoconfig";
import { Certificate, challengePackages } from "./web/certificate";
import { hostNames, webmailName } from "./web/names";
import { Nginx } from "./web/nginx";
import { Roundcube } from "./web/roundcube";
import { servedKeyOf } from "./web/served-key";
import { SelfSigned } from "./web/self-signed";

/** What the services of a host need. */
export interface MailServicesArgs {
  settings: Settings;
  host: Host;
  /** Name of the host, in its certificate. */
  hostname: string;
  /** Names of the host from before that are still published. */
  formerHostnames: string[];
  /** Every hosted mail domain, the first is the main one. */
  domains: string[];
  /** Values for `@@secret:NAME@@` in bundles, by name. */
  secrets: Record<string, pulumi.Output<string>>;
  /** Records that lead to the host: the certificate's authority asks for them. */
  address: pulumi.Resource[];
  /** Where mail is, if not on the host's own disk. */
  disk?: MailDisk;
  parent: pulumi.Resource;
}

/** What the services of a host give. */
export interface MailServices {
  /** DKIM TXT value of each domain. */
  dkim: pulumi.Output<Record<string, string>>;
  /** SHA-256 of the public key of the certificate, hexadecimal; with `dane` only. */
  servedKey?: pulumi.Output<string>;
  /** Done when every service is. */
  last: pulumi.Resource;
}

/**
 * Every service of the mail host. One after the other, in this order; each waits for the one before.
 * @param name - What every resource's name begins with.
 */
export function installServices(name: string, args: MailServicesArgs): MailServices {
  const { settings, host, hostname, formerHostnames, domains } = args;
  const { os: system, administrator, defaultQuotaMb, messageSizeLimitMb, ipv6, manageSieve, trustedCidrs } = settings;
  let last: pulumi.Resource = host;
  const next = <T extends pulumi.Resource>(make: (options: pulumi.ComponentResourceOptions) => T): T => {
    const made = make({ parent: args.parent, dependsOn: [last] });
    last = made;
    return made;
  };

  next((o) => new HostSecrets(`${name}-secrets`, { host, values: args.secrets }, o));
  const more = [...challengePackages(settings), ...filterPackages(settings), ...(args.disk ? volumePackages : [])];
  const installed = { system, webmail: settings.webmail, more, moreDebconf: filterAnswers(settings) };
  next((o) => new Packages(`${name}-packages`, host, installed, o));
  last = setUpMachine(name, { settings, host, hostname, after: last, parent: args.parent });
  next((o) => new Resolver(`${name}-resolver`, host, { system, ipv6 }, o));
  next((o) => new Redis(`${name}-redis`, host, {}, o));
  // Early: it compiles its patterns after its first start, while the services that follow are set up.
  const { dkimSelector: selector, userRecipientsPerHour: recipientsPerHour, spamAutolearn: autolearn } = settings;
  const { clamav, spamAssassin } = settings;
  const spam = { system, domains, selector, recipientsPerHour, autolearn, clamav, spamAssassin };
  const filters = { settings, host, parent: args.parent };
  last = setUpFilters(name, { ...filters, after: last }, true);
  const rspamd = next((o) => new Rspamd(`${name}-rspamd`, host, spam, o));
  last = setUpFilters(name, { ...filters, after: last }, false);
  // Also with 0: only a bundle without a file takes an older swap file out of use.
  next((o) => new Swap(`${name}-swap`, host, { sizeMb: settings.swapMb }, o));
  const { disk } = args;
  if (disk) {
    // Before the accounts, which make the folder of the mail.
    const on = { device: disk.device, sizeGb: settings.volumeGb };
    next((o) => new Volume(`${name}-volume`, host, on, pulumi.mergeOptions(o, { dependsOn: disk.volume })));
  }
  next((o) => new Accounts(`${name}-accounts`, host, accountsOf(settings, domains), o));
  next((o) => new SelfSigned(`${name}-tls`, host, { hostname }, o));
  // A certificate of the user's own is for the present names only.
  const former = settings.certificate === "existing" ? [] : formerHostnames;
  const names = [...hostNames(settings, hostname), ...former];
  next((o) => new Nginx(`${name}-nginx`, host, { system, hostname, ipv6, names, trustedCidrs }, o));
  const answered = settings.autoconfiguration ? domains : [];
  next((o) => new Autoconfig(`${name}-autoconfig`, host, { hostname, domains: answered }, o));
  next(
    (o) =>
      new MtaSts(
        `${name}-mta-sts`,
        host,
        { mode: settings.mtaSts, hostnames: [hostname, ...formerHostnames], domains },
        o,
      ),
  );
  const postmaster = `postmaster@${settings.domain}`;
  const { lockAfterFailures, lockMinutes, passwordMaxAgeDays } = settings;
  // Also with 0, as for the swap file.
  const lockout = { failures: lockAfterFailures, minutes: lockMinutes, trustedCidrs };
  next((o) => new Lockout(`${name}-lockout`, host, lockout, o));
  const logins = { lockout: lockAfterFailures > 0, passwordMaxAgeDays };
  const { compressMail, trashDays, junkDays } = settings;
  const storage = { compressMail, trashDays, junkDays };
  const dovecot = { system, hostname, ipv6, manageSieve, postmaster, defaultQuotaMb, ...logins, ...storage };
  next((o) => new Dovecot(`${name}-dovecot`, host, dovecot, o));
  next((o) => new MailboxQuota(`${name}-mailbox-quota`, host, o));
  next((o) => new MailGuard(`${name}-mail-guard`, host, o));
  next((o) => new Srs(`${name}-srs`, host, { hostname }, o));
  const dane = settings.daneOutbound;
  const { domain } = settings;
  const sending = { hostname, domain, administrator, messageSizeLimitMb, trustedCidrs };
  next((o) => new Postfix(`${name}-postfix`, host, { system, ipv6, dane, ...sending }, o));
  // After Postfix, which tells the rule how each message came.
  next((o) => new Senders(`${name}-senders`, host, { domains, hostname }, o));
  const site = webmailName(domain);
  const webmail = { system, enabled: settings.webmail, site, hostname, domain, messageSizeLimitMb };
  // Also when it is not wanted: only a bundle without files takes away what is there.
  next((o) => new Roundcube(`${name}-roundcube`, host, webmail, o));
  // Last: when the authority refuses, everything else is there, with the certificate of before.
  const afterAddress = { dependsOn: args.address };
  const certificate = next(
    (o) => new Certificate(`${name}-certificate`, host, settings, names, pulumi.mergeOptions(o, afterAddress)),
  );

  const dkim = rspamd.results.apply((results) =>
    Object.fromEntries(domains.map((domain) => [domain, results[dkimOutput(domain)] ?? ""])),
  );
  const servedKey = settings.dane ? certificate.results.apply(servedKeyOf) : undefined;
  return { dkim, servedKey, last };
}

function accountsOf(settings: Settings, domains: string[]): AccountsSettings {
  return {
    domains,
    administrator: settings.administrator,
    aliases: settings.aliases,
    sharedAliases: settings.sharedAliases,
    users: settings.users.map((user) => ({ ...user, quotaMb: user.quotaMb ?? settings.defaultQuotaMb })),
  };
}
