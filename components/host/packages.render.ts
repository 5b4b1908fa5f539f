import { accountsPackages } from "../mail/accounts.render";
import { dovecotPackages } from "../mail/dovecot.render";
import { postfixDebconf, postfixPackages } from "../mail/postfix.render";
import { redisPackages } from "../mail/redis.render";
import { rspamdPackages } from "../mail/rspamd.render";
import { srsPackages } from "../mail/srs.render";
import { fail2banPackages } from "../operations/fail2ban.render";
import { logsPackages } from "../operations/logs.render";
import { upgradesPackages } from "../operations/upgrades.render";
import type { Bundle } from "../rendering/bundle";
import { certificatePackages } from "../web/certificate.render";
import { nginxPackages } from "../web/nginx.render";
import { accessPackages } from "./access.render";
import { roundcubeDebconf, roundcubePackages } from "../web/roundcube.render";
import { firewallPackages } from "./firewall.render";
import { kernelPackages } from "./kernel.render";
import { resolverPackages } from "./resolver.render";
import type { SystemName } from "./systems";

/** Settings of the one package transaction. */
export interface PackagesSettings {
  system: SystemName;
  /** Whether the webmail is wanted. */
  webmail: boolean;
  /** Packages that only this stack's settings need. */
  more?: string[];
  /** Answers for debconf that go with them. */
  moreDebconf?: string[];
}

/** For whoever looks after the host: the database of accounts is readable with it. */
const tools = ["sqlite3"];

const mainCf = "/etc/postfix/main.cf";

/** All packages of the stack, so that apt works once. The names are the same on all of the systems. */
export function renderPackages(settings: PackagesSettings): Bundle {
  const packages = [
    ...accountsPackages,
    ...accessPackages,
    ...certificatePackages,
    ...dovecotPackages,
    ...fail2banPackages,
    ...firewallPackages,
    ...kernelPackages,
    ...logsPackages,
    ...nginxPackages,
    ...postfixPackages,
    ...redisPackages,
    ...resolverPackages,
    ...rspamdPackages,
    ...(settings.webmail ? roundcubePackages : []),
    ...srsPackages,
    ...tools,
    ...upgradesPackages,
    ...(settings.more ?? []),
  ];
  return {
    service: "packages",
    packages: [...new Set(packages)].sort(),
    debconf: [...postfixDebconf, ...(settings.webmail ? roundcubeDebconf : []), ...(settings.moreDebconf ?? [])],
    files: {},
    // Postfix's unit generator runs at each reload of systemd; it waits a second or two for a main.cf that is not there
    // or has just changed.
    prepare: [
      ["sh", "-c", `test -e ${mainCf} || touch -d "1 minute ago" ${mainCf}`],
      // The provider's image is as old as it is; from now on updates come by night.
      ["/usr/local/sbin/mailstack", "first-upgrade"],
    ],
  };
}
