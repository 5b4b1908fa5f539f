import { basename } from "node:path";
import { ciphers } from "./ciphers";
import { sandbox } from "../deployment/sandbox";
import type { Bundle } from "../deployment/bundle";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, pluginFile, program } from "../deployment/files";
import type { View } from "../deployment/template";
import { webmailAddress } from "./webmail-address";
import { certificatePaths } from "./tls";
import { accountsDatabase, accountsGroup, mailOwner } from "./accounts";
import { loginPolicyAddress } from "./lockout";
import { learnProgram, rspamdUser } from "./rspamd";
import { sieveHeader, waitingFolder } from "./doors";
import type { Stack } from "./stack";

/** What Dovecot's files are made from. */
type DovecotStack = Pick<
  Stack,
  | "system"
  | "fqdn"
  | "domain"
  | "ipv6"
  | "manageSieve"
  | "defaultQuotaMb"
  | "lockAfterFailures"
  | "passwordMaxAgeDays"
  | "compressMail"
  | "trashDays"
  | "junkDays"
>;

/** ManageSieve (RFC 5804, section 1.8), for filters of mail programs. */
export const sievePort = { name: "sieve", port: 4190 };

/** Packages of the mailbox server; each protocol and the database driver are packages of their own. */
const dovecotPackages = [
  "dovecot-core",
  "dovecot-imapd",
  "dovecot-lmtpd",
  "dovecot-managesieved",
  "dovecot-pop3d",
  "dovecot-sieve",
  "dovecot-sqlite",
];

/** Where Postfix delivers. */
const lmtpSocket = "/var/spool/postfix/private/dovecot-lmtp";
/** Sockets inside Postfix's chroot. */
const postfixSockets = [
  { service: "lmtp", path: lmtpSocket, mode: "0600" },
  { service: "auth", path: "/var/spool/postfix/private/auth", mode: "0660" },
];

/** Whether a mailbox has room, in Postfix's policy protocol; for the group of the accounts. */
export const quotaStatusSocket = "/run/dovecot/quota-status";

/** Percent of a mailbox at which its user is told; the highest first, since Dovecot acts on the first that fits. */
const quotaWarnings = [95, 80].map((percent, index) => ({ percent, suffix: index === 0 ? "" : String(index + 1) }));
/** sendmail(1) for what a user's Sieve script sends. */
const submitProgram = "/usr/local/libexec/mailstack/sieve-submit";
const quotaWarningProgram = "/usr/local/libexec/mailstack/quota-warning";

/** Folders that every mailbox has; each name is also its special use (RFC 6154). */
const mailboxes = ["Archive", "Drafts", "Junk", "Sent", "Trash"];

/**
 * In front of the two digits of a byte that a folder's name has and Maildir's must not: the dot. A folder's name on disk
 * is modified UTF-7, which never has this byte (RFC 3501, 5.1.3), so the names of all folders of before stay what they are.
 */
const escape = "\u007f";

/** Where a user sees the folders of others, and the list of who shares with whom; Dovecot makes it out of the folders' rights. */
const shared = { prefix: "Other Users", list: `${mailOwner.home}/shared-folders` };

const configuration = "/etc/dovecot/dovecot.conf";
const protocols = "/etc/dovecot/protocols.conf";

const sieveFolder = "/etc/dovecot/sieve";
/** Scripts that run for every user; `scripts` and `storage` limit what each may have of their own. */
const sieve = {
  junk: `${sieveFolder}/spam-to-junk.sieve`,
  undeliverable: `${sieveFolder}/undeliverable.sieve`,
  absence: `${sieveFolder}/absence.sieve`,
  spam: `${sieveFolder}/learn-spam.sieve`,
  ham: `${sieveFolder}/learn-ham.sieve`,
  scripts: 20,
  storage: "1M",
  /** A script that wants to do more does nothing but keep the message; by default four redirects are too many. */
  redirects: 50,
  actions: 100,
};
const scriptTemplates = [sieve.junk, sieve.undeliverable, sieve.spam, sieve.ham];

/** Where the administrator's notices about bounces go when there are many. */
const undeliverable = { folder: "Undeliverable-Bounces", days: 30, mails: 200 };

/** How often one correspondent is told at most, unless the script says so within these limits (RFC 5230, 4.1). */
const vacation = { min: "1d", usual: "7d", max: "30d" };

/** Services that take a message from a global script and teach Rspamd. */
const learning = {
  // Below /run/dovecot, where Dovecot makes no folders.
  folder: ".",
  program: learnProgram,
  user: rspamdUser,
  mailUser: mailOwner.name,
  services: ["learn-spam", "learn-ham"].map((name) => ({ name })),
};

/**
 * IMAPS on 993, POP3S on 995, ManageSieve on 4190 (of 127.0.0.1, or of every address); LMTP, logins and quota for
 * Postfix on Unix sockets. Needs accounts, a certificate, and Rspamd to learn.
 */
export const dovecot = defineService({
  name: "dovecot",
  type: "mail:Dovecot",
  after: ["accounts", "tls", "rspamd", "lockout"],
  packages: [...dovecotPackages, "postfix"],
  ports: ({ manageSieve }) => [
    { name: "imaps", port: 993 },
    { name: "pop3s", port: 995 },
    ...(manageSieve ? [sievePort] : []),
  ],
  render,
});

function render(stack: DovecotStack): BundleBody {
  const generation = stack.system.dovecot;
  return {
    // Postfix makes them at its first start, which is after Dovecot's.
    directories: {
      "/var/spool/postfix": { owner: "root:root", mode: "0755" },
      "/var/spool/postfix/private": { owner: "postfix:root", mode: "0700" },
    },
    files: {
      ...filesFrom(
        "dovecot",
        { "/etc/systemd/system/dovecot.service.d/mailstack.conf": {} },
        { sandbox, postfixUnit: stack.system.postfixUnit, lmtpSocket: basename(lmtpSocket) },
      ),
      ...{ "2.3": files23, "2.4": files24 }[generation]({
        hostname: stack.fqdn,
        listen: stack.ipv6 ? "*, ::" : "*",
        manageSieve: stack.manageSieve,
        postmaster: `postmaster@${stack.domain}`,
        defaultQuotaMb: stack.defaultQuotaMb,
        ciphers,
        webmailAddress,
        connectionsPerUser,
        certificate: certificatePaths,
        database: accountsDatabase,
        mailOwner,
        postfixSockets,
        hibernateSeconds,
        quotaStatus: { name: basename(quotaStatusSocket), group: accountsGroup },
        quotaWarnings,
        quotaWarningProgram,
        submitProgram,
        protocols,
        sieve,
        undeliverable,
        vacation,
        learning,
        lockout: stack.lockAfterFailures > 0,
        loginPolicyAddress,
        mayLogIn,
        compressMail: stack.compressMail,
        escape,
        shared,
        mailboxes: mailboxes.map((name) => ({ name, more: mailboxSettings(name, stack, generation) })),
        passwordIsYoung: passwordIsYoung(stack.passwordMaxAgeDays, generation),
        sharedAliases: sharedAliases(generation),
      }),
    },
    prepare: [...scriptTemplates, sieve.absence].map((script) => ["sievec", "-c", configuration, script]),
    validate: [["doveconf", "-n", "-c", configuration]],
    units: { "dovecot.service": { onChange: "reload", restartOn: [protocols] } },
    health: [
      { tcp: "127.0.0.1:993" },
      { tcp: "127.0.0.1:995" },
      { tcp: "127.0.0.1:4190", expect: "SIEVE" },
      ...postfixSockets.map((socket) => ({ socket: socket.path })),
      { socket: quotaStatusSocket },
    ],
    after: [["/usr/local/sbin/mailstack", "folder-names"]],
  };
}

/** Condition of the accounts database for any login. */
const mayLogIn = "active = 1 AND locked = 0";

const connectionsPerUser = 40;

/** How long a client waits for mail in a process of its own. */
const hibernateSeconds = 30;

/** Name of this host's own address of a connection. */
const ownAddress = { "2.3": "%{lip}", "2.4": "%{local_ip}" };

/** Condition for the user's own password. The webmail is on this host, so its connections stay on the loopback. */
function passwordIsYoung(days: number, generation: keyof typeof ownAddress): string {
  if (days === 0) return "";
  const webmail = `'${ownAddress[generation]}' IN ('127.0.0.1', '::1')`;
  return ` AND (password_changed > unixepoch() - ${days} * 86400 OR ${webmail})`;
}

/**
 * An expression of the accounts database: the aliases that lead to a user and elsewhere too, `,a@example.org,b@example.org,`.
 * For absence.sieve. `*` where they are so many that they would not fit into an answer of Dovecot's login server.
 */
function sharedAliases(generation: keyof typeof userName): string {
  const user = userName[generation];
  // A destination without its tag (recipient_delimiter).
  const mailbox =
    "CASE WHEN instr(destination, '+') > 1 THEN substr(destination, 1, instr(destination, '+') - 1) " +
    "|| substr(destination, instr(destination, '@')) ELSE destination END";
  return [
    "(WITH RECURSIVE leading (source) AS (",
    `  SELECT source FROM aliases WHERE ${mailbox} = '${user}'`,
    "  UNION SELECT aliases.source FROM aliases JOIN leading ON destination = leading.source",
    "), shared (source) AS (",
    "  SELECT source FROM aliases WHERE source IN (SELECT source FROM leading)",
    `    AND destination NOT IN (SELECT source FROM leading) AND ${mailbox} <> '${user}'`,
    "  UNION SELECT aliases.source FROM aliases JOIN shared ON destination = shared.source",
    "), joined (text) AS (SELECT ',' || group_concat(source, ',') || ',' FROM shared)",
    "SELECT CASE WHEN length(text) > 4000 THEN '*' ELSE text END FROM joined)",
  ].join(" \\\n    ");
}

/** Name of the user whom a query is about. */
const userName = { "2.3": "%u", "2.4": "%{user}" };

/** What stands in a folder's block in 2.4 only; 2.3 has it among the settings of plugins. */
const special24: Record<string, string[]> = {
  Junk: [
    "sieve_script learn-spam {",
    "  type = before",
    "  cause = copy append",
    "  driver = file",
    `  path = ${sieve.spam}`,
    "}",
  ],
  // Deleting must still work in a full mailbox. In 2.3 this is a rule of the quota.
  Trash: ["quota_storage_extra = 500M"],
};

/** What one folder has beside its special use. */
function mailboxSettings(name: string, stack: DovecotStack, generation: "2.3" | "2.4"): string[] {
  const days = { Trash: stack.trashDays, Junk: stack.junkDays }[name] ?? 0;
  const expunge = generation === "2.3" ? "autoexpunge" : "mailbox_autoexpunge";
  const own = generation === "2.4" ? (special24[name] ?? []) : [];
  return [...(days > 0 ? [`${expunge} = ${days}d`] : []), ...own];
}

function files23(view: View): Bundle["files"] {
  return {
    ...filesFrom(
      "dovecot-2.3",
      // The files with the database's queries are the only ones that are not for everybody to read.
      {
        [configuration]: {},
        [protocols]: {},
        "/etc/dovecot/dovecot-sql.conf.ext": { owner: "root:dovecot", mode: "0640" },
        "/etc/dovecot/app-passwords.conf.ext": { owner: "root:dovecot", mode: "0640" },
      },
      view,
    ),
    ...sameFiles(view),
  };
}

function files24(view: View): Bundle["files"] {
  return { ...filesFrom("dovecot-2.4", { [configuration]: {}, [protocols]: {} }, view), ...sameFiles(view) };
}

/** The same in both generations. */
function sameFiles(view: View): Bundle["files"] {
  return {
    ...filesFrom("dovecot", Object.fromEntries(scriptTemplates.map((path) => [path, {}])), {
      undeliverable: view.undeliverable!,
    }),
    [sieve.absence]: pluginFile("absence.sieve"),
    ...filesFrom("dovecot", { [quotaWarningProgram]: program }, { postmaster: view.postmaster! }),
    ...filesFrom("dovecot", { [submitProgram]: program }, { sieveHeader, waitingFolder }),
  };
}
