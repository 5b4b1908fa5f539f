/** Operating systems that the stack runs on; the keys are the values of the setting `os` (and Ubuntu, by its packages). */
export type SystemName = "debian12" | "debian13" | "ubuntu2404";

/** Where one operating system differs from another. */
export interface System {
  /** The two generations of Dovecot's configuration language; neither reads the other's. */
  dovecot: "2.3" | "2.4";
  /** Unit that runs Postfix's master. On Debian 12 `postfix.service` is `/bin/true`, so its state tells nothing. */
  postfixUnit: string;
  /** Postfix counts all addresses of an IPv6 network as one client (3.9 and newer). */
  postfixCountsNetworks: boolean;
  /** Unit of PHP's process manager. */
  phpFpmUnit: string;
  /** PHP's version, part of paths like `/etc/php/8.2`. */
  phpVersion: string;
  /** nginx has the directive `http2` (1.25.1 and newer); older ones take it as an option of `listen`. */
  nginxHttp2Directive: boolean;
  /** User that rsyslog makes its files for. */
  logOwner: "root" | "syslog";
  /** Rspamd remembers who has answered whom (3.12); older ones have no such module, or one that only counts mail. */
  rspamdKnowsSenders: boolean;
  /** Security updates, as a pattern of unattended-upgrades. */
  securityOrigin: string;
}

const debianSecurity = "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";

/** Seen on Debian 12.15 and 13.8; Ubuntu 24.04 read from its packages. */
export const systems: Readonly<Record<SystemName, System>> = {
  debian12: {
    dovecot: "2.3",
    postfixUnit: "postfix@-.service",
    postfixCountsNetworks: false,
    phpFpmUnit: "php8.2-fpm.service",
    phpVersion: "8.2",
    nginxHttp2Directive: false,
    rspamdKnowsSenders: false,
    logOwner: "root",
    securityOrigin: debianSecurity,
  },
  debian13: {
    dovecot: "2.4",
    postfixUnit: "postfix.service",
    postfixCountsNetworks: true,
    phpFpmUnit: "php8.4-fpm.service",
    phpVersion: "8.4",
    nginxHttp2Directive: true,
    rspamdKnowsSenders: true,
    logOwner: "root",
    securityOrigin: debianSecurity,
  },
  ubuntu2404: {
    dovecot: "2.3",
    postfixUnit: "postfix@-.service",
    postfixCountsNetworks: false,
    phpFpmUnit: "php8.3-fpm.service",
    phpVersion: "8.3",
    nginxHttp2Directive: false,
    rspamdKnowsSenders: false,
    logOwner: "syslog",
    securityOrigin: "origin=Ubuntu,suite=${distro_codename}-security",
  },
};
