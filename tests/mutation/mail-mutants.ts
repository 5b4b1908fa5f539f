import { seenBy, type Mutant } from "./mutant";

/** Faults in Dovecot, Rspamd, the accounts and the DNS. */
export const mailMutants: Mutant[] = [
  ...seenBy("behaviour/dovecot", [
    [
      "TLS 1.1 in Dovecot 2.3",
      "templates/dovecot-2.3/etc/dovecot/dovecot.conf.mustache",
      "ssl_min_protocol = TLSv1.2",
      "ssl_min_protocol = TLSv1.1",
    ],
    [
      "passwords outside of TLS in Dovecot 2.3",
      "templates/dovecot-2.3/etc/dovecot/dovecot.conf.mustache",
      "disable_plaintext_auth = yes",
      "disable_plaintext_auth = no",
    ],
    [
      "IMAP without TLS in Dovecot 2.3",
      "templates/dovecot-2.3/etc/dovecot/dovecot.conf.mustache",
      "inet_listener imap {\n    port = 0",
      "inet_listener imap {\n    port = 143",
    ],
    [
      "everybody's socket for delivery in Dovecot 2.3",
      "templates/dovecot-2.3/etc/dovecot/dovecot.conf.mustache",
      "unix_listener lmtp {\n    mode = 0\n",
      "unix_listener lmtp {\n    mode = 0666\n",
    ],
    [
      "all of the loopback is believed by Dovecot 2.3",
      "templates/dovecot-2.3/etc/dovecot/dovecot.conf.mustache",
      "login_trusted_networks = {{webmailAddress}}",
      "login_trusted_networks = {{webmailAddress}} 127.0.0.0/8",
    ],
    [
      "TLS 1.1 in Dovecot 2.4",
      "templates/dovecot-2.4/etc/dovecot/dovecot.conf.mustache",
      "ssl_min_protocol = TLSv1.2",
      "ssl_min_protocol = TLSv1.1",
    ],
    [
      "passwords outside of TLS in Dovecot 2.4",
      "templates/dovecot-2.4/etc/dovecot/dovecot.conf.mustache",
      "auth_allow_cleartext = no",
      "auth_allow_cleartext = yes",
    ],
    [
      "IMAP without TLS in Dovecot 2.4",
      "templates/dovecot-2.4/etc/dovecot/dovecot.conf.mustache",
      "inet_listener imap {\n    port = 0",
      "inet_listener imap {\n    port = 143",
    ],
    [
      "everybody's socket for delivery in Dovecot 2.4",
      "templates/dovecot-2.4/etc/dovecot/dovecot.conf.mustache",
      "unix_listener lmtp {\n    mode = 0\n",
      "unix_listener lmtp {\n    mode = 0666\n",
    ],
    [
      "all of the loopback is believed by Dovecot 2.4",
      "templates/dovecot-2.4/etc/dovecot/dovecot.conf.mustache",
      "login_trusted_networks = {{webmailAddress}}",
      "login_trusted_networks = {{webmailAddress}} 127.0.0.0/8",
    ],
    [
      "locked users log in",
      "components/services/dovecot.ts",
      'const mayLogIn = "active = 1 AND locked = 0"',
      'const mayLogIn = "active = 1"',
    ],
  ]),
  ...seenBy("behaviour/rspamd", [
    [
      "any program of the host commands Rspamd",
      "templates/rspamd/etc/rspamd/override.d/worker-controller.inc.mustache",
      "secure_ip = [];",
      'secure_ip = ["127.0.0.1"];',
    ],
    [
      "private networks are not checked",
      "templates/rspamd/etc/rspamd/override.d/options.inc.mustache",
      '[127.0.0.0/8, "::1"]',
      '[127.0.0.0/8, 10.0.0.0/8, "::1"]',
    ],
    [
      "a forged sender that is to be refused is marked",
      "templates/rspamd/etc/rspamd/local.d/dmarc.conf.mustache",
      'reject = "reject";',
      'reject = "add_header";',
    ],
    [
      "a virus is only marked",
      "templates/rspamd/etc/rspamd/local.d/antivirus.conf.mustache",
      'action = "reject";',
      'action = "add header";',
    ],
    [
      "mail that was not scanned in time passes",
      "templates/rspamd/etc/rspamd/local.d/options.inc.mustache",
      "soft_reject_on_timeout = true;\n",
      "",
    ],
  ]),
  ...seenBy("behaviour/accounts", [
    ["nobody is postmaster", "components/services/accounts.ts", '"postmaster", "root"', '"root"'],
    [
      "an alias in a domain that is not hosted",
      "components/settings/rules.ts",
      "!hosted.includes(afterAt(entry.address))",
      "!hosted.some((domain) => afterAt(entry.address).endsWith(domain))",
    ],
    [
      "a host in a zone that ends in the same letters",
      "components/settings/rules.ts",
      "!name.endsWith(`.${settings.domain}`)",
      "!name.endsWith(settings.domain)",
    ],
    [
      "an alias that leads to nobody",
      "components/settings/rules.ts",
      "hosted.includes(afterAt(destination)) && !known",
      "!known && false",
    ],
  ]),
  ...seenBy("behaviour/dns", [
    ["everybody may send for a domain", "components/dns/zone-data.ts", '"-all"].join(" ")', '"+all"].join(" ")'],
    ["the host's own name proves a domain", "components/dns/zone-data.ts", " aspf=s;", ""],
    [
      "another domain's key signs",
      "components/dns/zone-data.ts",
      "keyOf(facts, domain, selector, settings.dkimSelector)",
      "keyOf(facts, settings.mainDomain, selector, settings.dkimSelector)",
    ],
    ["a domain without mail sends some", "components/dns/zone-data.ts", '"v=spf1 -all")', '"v=spf1 ~all")'],
    [
      "any authority issues certificates",
      "components/dns/zone-data.ts",
      '"acme-v02.api.letsencrypt.org": "letsencrypt.org"',
      '"elsewhere.example": "letsencrypt.org"',
    ],
    [
      "IMAP without TLS is offered",
      "components/dns/zone-data.ts",
      'service("imap", "_imap._tcp", notOffered)',
      'service("imap", "_imap._tcp", { priority: 0, weight: 1, port: 143, target: hostname })',
    ],
  ]),
];
