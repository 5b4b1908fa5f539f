import { ciphers } from "./ciphers";
import { serverLimit, submissionLimit } from "./connections";
import { sandbox } from "../deployment/sandbox";
import type { Bundle } from "../deployment/bundle";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { webmailAddress } from "./webmail-address";
import { certificatePaths } from "./tls";
import { accountsDatabase, administratorNames } from "./accounts";
import { mailboxQuotaPolicy } from "./mailbox-quota";
import { doors, uidHeader } from "./doors";
import { mailGuardAddress } from "./mail-guard";
import { settleRspamd } from "./rspamd";
import { srsPort, srsTables } from "./srs";
import { outgoingFiles, relayLines } from "./outgoing";
import { hasRelay } from "../settings/relay";
import { trustedNetworks, type Stack } from "./stack";

/** What a reload does not change. */
export const boundAtStart = "/etc/postfix/protocols";

export const bytesPerMiB = 1024 * 1024;
/** Postfix wants room for one and a half messages at least; five leave other services something to write to. */
export const messagesFree = 5;

/** Refuses addresses that no daemon of this host could deliver to, or answer. */
export const notAscii = "regexp:/etc/postfix/not_ascii";
/** Completes what users write, before it is signed, and takes out what says where they are. */
const submissionCleanup = "cleanup-submission";

/** What only users who have logged in may do: the same on both submission ports. */
const submission = [
  "smtpd_tls_security_level=encrypt",
  "smtpd_tls_mandatory_ciphers=high",
  "smtpd_sasl_auth_enable=yes",
  "smtpd_client_restrictions=permit_sasl_authenticated,reject",
  `smtpd_sender_restrictions=check_sender_access,${notAscii},reject_sender_login_mismatch`,
  "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
  `smtpd_recipient_restrictions=check_recipient_access,${notAscii}`,
  "smtpd_discard_ehlo_keywords=etrn",
  `cleanup_service_name=${submissionCleanup}`,
  "milter_macro_daemon_name=ORIGINATING",
  // Not those of port 25: here an office sends from one address, and Rspamd limits each user.
  `smtpd_client_connection_count_limit=${submissionLimit.client}`,
  "smtpd_client_connection_rate_limit=0",
  "smtpd_client_message_rate_limit=0",
  // The webmail says who its client is.
  `smtpd_authorized_xclient_hosts=${webmailAddress}`,
];

/**
 * How many clients each port serves at the same time, with a process of 2.5 MB for each: more than two customers of a
 * provider may take, and on all three ports together still fewer than fit beside other services into 2 GB.
 */
const processes = { servers: 100, users: 80 };

/** A network as Postfix writes it. */
export function inPostfix(cidr: string): string {
  const [address, bits] = cidr.split("/");
  return cidr.includes(":") ? `[${address}]/${bits}` : cidr;
}

/** SMTP on 25 for other servers, 587 and 465 for users. Needs accounts, Dovecot's sockets, Rspamd, SRS and a certificate. */
export const postfix = defineService({
  name: "postfix",
  type: "mail:Postfix",
  after: ["accounts", "dovecot", "rspamd", "mailbox-quota", "mail-guard", "srs", "tls"],
  // Beside it: SASL's mechanisms for the login at the relay, and what `mailstack deliverability` asks about SPF.
  packages: (stack) => ["postfix", "postfix-sqlite", "python3-spf", ...(hasRelay(stack) ? ["libsasl2-modules"] : [])],
  // The package asks nothing and writes no configuration of its own.
  debconf: ["postfix postfix/main_mailer_type select No configuration"],
  ports: [
    { name: "smtp", port: 25 },
    { name: "submission", port: 587 },
    { name: "submissions", port: 465 },
  ],
  render,
});

function render(
  stack: Pick<
    Stack,
    | "system"
    | "fqdn"
    | "ipv6"
    | "daneOutbound"
    | "domain"
    | "administrator"
    | "messageSizeLimitMb"
    | "trustedCidrs"
    | "backupMxs"
    | "relayHost"
    | "relayPort"
    | "relayUser"
    | "relayDomains"
    | "portProbeDomain"
    | "backupRepository"
  >,
): BundleBody {
  const messageSizeLimit = stack.messageSizeLimitMb * bytesPerMiB;
  return {
    files: {
      ...postfixDropIn("postfix", stack.system.postfixUnit),
      ...filesFrom(
        "postfix",
        {
          "/etc/postfix/main.cf": {},
          "/etc/postfix/master.cf": {},
          [boundAtStart]: {},
          "/etc/postfix/submitters": {},
          "/etc/postfix/system_aliases": {},
          "/etc/postfix/virtual_domains.cf": {},
          "/etc/postfix/virtual_mailboxes.cf": {},
          "/etc/postfix/virtual_aliases.cf": {},
          "/etc/postfix/virtual_senders.cf": {},
          "/etc/postfix/own_senders.cf": {},
          "/etc/postfix/foreign_senders": {},
          "/etc/postfix/rewritten_senders": {},
          "/etc/postfix/rewritten_recipients": {},
          "/etc/postfix/bounces_only": {},
          "/etc/postfix/not_ascii": {},
          "/etc/postfix/submission_headers": {},
        },
        {
          hostname: stack.fqdn,
          ...(stack.daneOutbound ? { dns: "dnssec", tls: "dane" } : { dns: "enabled", tls: "may" }),
          protocols: stack.ipv6 ? "all" : "ipv4",
          domain: stack.domain,
          administrator: stack.administrator,
          names: administratorNames,
          hostPattern: stack.fqdn.replaceAll(".", "\\."),
          srs: { ...srsTables, port: srsPort },
          messageSizeLimit,
          queueMinimumFree: messagesFree * messageSizeLimit,
          certificate: certificatePaths,
          database: accountsDatabase,
          ciphers,
          submission,
          serverLimit: { client: serverLimit.client, rate: serverLimit.rate },
          processes,
          trusted: trustedNetworks(stack).map(inPostfix),
          countsNetworks: stack.system.postfixCountsNetworks,
          submissionCleanup,
          notAscii,
          doors,
          uidHeader,
          milter: mailGuardAddress,
          // Without it mail is taken, and Dovecot decides at delivery.
          quotaPolicy: `{ unix:${mailboxQuotaPolicy}, default_action=DUNNO, timeout=10s }`,
          ...relayLines(stack),
        },
      ),
      ...outgoingFiles(stack),
      ...backupMxFile(stack.backupMxs),
    },
    prepare: [settleRspamd],
    validate: [["postfix", "check"]],
    validateSilent: [
      ["postconf", "-n"],
      ["postconf", "-M"],
    ],
    units: postfixUnits(stack.system.postfixUnit),
    health: [
      { tcp: "127.0.0.1:25", expect: `220 ${stack.fqdn} ESMTP` },
      { tcp: "127.0.0.1:587", expect: `220 ${stack.fqdn} ESMTP` },
      { tcp: "127.0.0.1:465" },
    ],
    after: [
      // That of a host which has handed over its work to this one.
      ...(stack.backupRepository === "" ? [] : [["/usr/local/sbin/mailstack", "restore", "host", "queue"]]),
      // What waits for a way that has changed need not wait for its next turn.
      ["postqueue", "-f"],
    ],
  };
}

/** The present backup MX, for `mailstack status`. */
function backupMxFile([present]: Stack["backupMxs"] & {} = []): Bundle["files"] {
  if (!present || present.until) return {};
  const { hostname, ipv4, ipv6 } = present;
  const content = `${JSON.stringify({ hostname, ipv4, ipv6 })}\n`;
  return { "/usr/local/share/mailstack/backup-mx.json": { owner: "root:root", mode: "0644", content } };
}

/** Where the master runs as an instance, `postfix.service` starts it at boot. */
export function postfixUnits(unit: string): Bundle["units"] {
  const starter: Bundle["units"] = unit === "postfix.service" ? {} : { "postfix.service": { onChange: "none" } };
  return { ...starter, [unit]: { onChange: "reload", restartOn: [boundAtStart] } };
}

/** One text, in the folder of the unit that really runs the daemon. */
export function postfixDropIn(service: string, unit: string): Bundle["files"] {
  const folder = "/etc/systemd/system";
  const template = `${folder}/postfix.service.d/mailstack.conf`;
  const file = filesFrom(service, { [template]: {} }, { sandbox })[template]!;
  return { [`${folder}/${unit}.d/mailstack.conf`]: file };
}
