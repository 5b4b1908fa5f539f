import { seenBy, type Mutant } from "./mutant";

/** Faults in Postfix. */
export const postfixMutants: Mutant[] = [
  ...seenBy("behaviour/relay", [
    [
      "a private network counts as this host",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "mynetworks = 127.0.0.0/8 [::1]/128",
      "mynetworks = 127.0.0.0/8 [::1]/128 10.0.0.0/8",
    ],
    [
      "no rule about relaying",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n",
      "",
    ],
    [
      "whoever reaches the submission port may relay",
      "components/services/postfix.ts",
      '"smtpd_relay_restrictions=permit_sasl_authenticated,reject"',
      '"smtpd_relay_restrictions=permit"',
    ],
    [
      "users write as anybody",
      "components/services/postfix.ts",
      ",reject_sender_login_mismatch`",
      ",permit_sasl_authenticated`",
    ],
    [
      "passwords outside of TLS at SMTP",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtpd_tls_auth_only = yes",
      "smtpd_tls_auth_only = no",
    ],
    [
      "submission without TLS",
      "components/services/postfix.ts",
      '"smtpd_tls_security_level=encrypt"',
      '"smtpd_tls_security_level=may"',
    ],
    [
      "mail at port 25 passes no filter",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "\nsmtpd_milters = inet:{{milter}}",
      "\nsmtpd_milters =",
    ],
    [
      "mail passes when the filter is away",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "milter_default_action = tempfail",
      "milter_default_action = accept",
    ],
    [
      "another domain is relayed to",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "mydestination =\n",
      "mydestination =\nrelay_domains = elsewhere.example\n",
    ],
    [
      "the way past the filter is open to the network",
      "templates/postfix/etc/postfix/master.cf.mustache",
      "127.0.0.1:{{srs.port}} inet n",
      "{{srs.port}} inet n",
    ],
    [
      "the rewriter of senders listens to the network",
      "templates/srs/etc/systemd/system/postsrsd.service.d/mailstack.conf.mustache",
      " -l 127.0.0.1",
      "",
    ],
    [
      "every user of the host reaches the rewriter of senders",
      "components/services/srs.ts",
      'users: ["postfix"]',
      'users: ["0-65535"]',
    ],
    [
      "any program speaks in the name of the webmail",
      "components/services/connections.ts",
      "`root, ${webmailUser}`",
      "`root, www-data, ${webmailUser}`",
    ],
  ]),
  ...seenBy("behaviour/postfix", [
    [
      "TLS 1.1 at SMTP",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtpd_tls_protocols = >=TLSv1.2",
      "smtpd_tls_protocols = >=TLSv1.1",
    ],
    [
      "mail leaves by TLS 1.0",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtp_tls_protocols = >=TLSv1.2",
      "smtp_tls_protocols = !SSLv2, !SSLv3",
    ],
    [
      "anonymous ciphers at SMTP",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtpd_tls_exclude_ciphers = aNULL, ",
      "smtpd_tls_exclude_ciphers = ",
    ],
    [
      "a bare line feed ends a message",
      "templates/postfix/etc/postfix/main.cf.mustache",
      "smtpd_forbid_bare_newline = normalize",
      "smtpd_forbid_bare_newline = no",
    ],
    [
      "an inactive domain takes mail",
      "templates/postfix/etc/postfix/virtual_domains.cf.mustache",
      " AND active = 1",
      "",
    ],
    [
      "unknown recipients bounce later",
      "templates/postfix/etc/postfix/main.cf.mustache",
      ", reject_unlisted_recipient",
      "",
    ],
    [
      "a name that only looks like the host",
      "components/services/postfix.ts",
      'stack.fqdn.replaceAll(".", "\\\\.")',
      "stack.fqdn",
    ],
    [
      "strangers write to whoever sent a mail through here",
      "templates/postfix/etc/postfix/bounces_only.mustache",
      "/./ 550 5.7.1 This address takes bounces only",
      "/./ DUNNO",
    ],
    [
      "users' programs are told to everybody",
      "templates/postfix/etc/postfix/submission_headers.mustache",
      "User-Agent|X-Mailer|",
      "User-Agent|",
    ],
  ]),
  ...seenBy("behaviour/outgoing", [
    [
      "the relay's certificate is not looked at",
      "templates/postfix/etc/postfix/master.cf.mustache",
      "smtp_tls_security_level=secure",
      "smtp_tls_security_level=encrypt",
    ],
    [
      "a certificate for any name below the relay's will do",
      "templates/postfix/etc/postfix/master.cf.mustache",
      "smtp_tls_secure_cert_match=nexthop",
      "smtp_tls_secure_cert_match=nexthop,dot-nexthop",
    ],
    [
      "every user of the host reads the password at the relay",
      "components/services/outgoing.ts",
      '{ [passwords]: { mode: "0600" } }',
      '{ [passwords]: { mode: "0644" } }',
    ],
    [
      "the relay gets the mail of names that only end like one of its domains",
      "templates/postfix/etc/postfix/relay_senders.mustache",
      "/@{{.}}$/",
      "/{{.}}$/",
    ],
    [
      "with some domains by the relay, all mail goes there",
      "components/services/outgoing.ts",
      '{ relayAll: "", relaySenders: `regexp:${senders}, ` }',
      "{ relayAll: nextHop(relay), relaySenders: `regexp:${senders}, ` }",
    ],
  ]),
];
