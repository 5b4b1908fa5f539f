import { seenBy, type Mutant } from "./mutant";

const main = "templates/relay/etc/postfix/main.cf.mustache";
const master = "templates/relay/etc/postfix/master.cf.mustache";

/** Faults in a backup MX and in what its primary believes. */
export const reachMutants: Mutant[] = [
  ...seenBy("behaviour/backup-mx", [
    ["a backup MX relays for subdomains", main, "parent_domain_matches_subdomains =\n", ""],
    ["the list of a backup MX refuses who is new", main, "static:{450 4.1.1", "static:{550 5.1.1"],
    ["a backup MX does not ask its primary", main, "reject_unverified_recipient, ", ""],
    ["the service that knows everybody takes mail", master, "    -o smtpd_data_restrictions=reject\n", ""],
    [
      "local users reach the service that knows everybody",
      "components/services/relay.ts",
      '  innerPorts: [{ ports: [probePort], users: ["postfix"] }],\n',
      "",
    ],
    [
      "mail for the primary goes to whoever answers there",
      master,
      "    -o smtp_tls_security_level=secure\n    -o smtp_tls_secure_cert_match=nexthop\n    -o smtp_connect_timeout=10s",
      "    -o smtp_connect_timeout=10s",
    ],
    [
      "what the primary could not judge goes back",
      "templates/relay/etc/postfix/primary_refusals.mustache",
      "/^5([0-9][0-9][ -])5\\.(.*)$/ 4${1}4.${2}\n/^5([0-9][0-9][ -].*)$/ 4${1}\n",
      "",
    ],
    ["the limits of both are equal", "components/services/relay.ts", "* bytesPerMiB - addedBytes", "* bytesPerMiB"],
    [
      "the primary refuses what its backup has taken",
      "templates/rspamd/etc/rspamd/local.d/settings.conf.mustache",
      '      reject = null;\n      greylist = null;\n      "soft reject" = null;',
      "      greylist = null;",
    ],
    [
      "the settings no longer see the backup's own address",
      "templates/rspamd/etc/rspamd/local.d/external_relay.conf.mustache",
      "    priority = 9;",
      "    priority = 11;",
    ],
  ]),
  ...seenBy("unit/backup-mx", [
    [
      "a backup that is taken out is believed no more at once",
      "components/reach/trusted.ts",
      "return [...(present ? [present] : []), ...former];",
      "return present ? [present] : [];",
    ],
    ["a secret of another passphrase is taken as told", "components/reach/exchange.ts", "|| empty)", ")"],
    [
      "the primary limits its backup",
      "components/services/stack.ts",
      "...trustedCidrs, ...networksOf(backupMxs)",
      "...trustedCidrs",
    ],
    [
      "the policy does not name the backup",
      "components/services/mta-sts.ts",
      "policyFile(mode, [fqdn, ...formerFqdns, ...backupMxs.map(({ hostname }) => hostname)])",
      "policyFile(mode, [fqdn, ...formerFqdns])",
    ],
  ]),
];
