import { systems, type SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, type Ownership } from "../rendering/files";
import type { View } from "../rendering/template";
import { certificatePaths } from "../web/certificate.render";
import { accountsDatabase, mailOwner } from "./accounts.render";

/** Settings of the mailbox server. */
export interface DovecotSettings {
  system: SystemName;
  /** Name that clients use, in the certificate. */
  hostname: string;
  /** Sender of its own messages (quota warnings, rejects), an address that exists. */
  postmaster: string;
  /** Mailbox limit in MiB where the accounts name none. */
  defaultQuotaMb: number;
}

/** Packages of the mailbox server; each protocol and the database driver are packages of their own. */
export const dovecotPackages = [
  "dovecot-core",
  "dovecot-imapd",
  "dovecot-lmtpd",
  "dovecot-pop3d",
  "dovecot-sieve",
  "dovecot-sqlite",
];

/** Sockets inside Postfix's chroot. */
const postfixSockets = [
  { service: "lmtp", path: "/var/spool/postfix/private/dovecot-lmtp", mode: "0600", more: [] },
  { service: "auth", path: "/var/spool/postfix/private/auth", mode: "0660", more: [] },
  {
    service: "quota-status",
    path: "/var/spool/postfix/private/quota-status",
    mode: "0600",
    more: ["executable = quota-status -p postfix", "client_limit = 1"],
  },
];

/** Folders that every mailbox has; each name is also its special use (RFC 6154). */
const mailboxes = ["Drafts", "Junk", "Sent", "Trash"];

const sieve = "/etc/dovecot/sieve/spam-to-junk.sieve";
const configuration = "/etc/dovecot/dovecot.conf";

/** IMAPS on 993, POP3S on 995; LMTP, logins and quota for Postfix on Unix sockets. Needs accounts and a certificate. */
export function renderDovecot(settings: DovecotSettings): Bundle {
  const generation = systems[settings.system].dovecot;
  return {
    service: "dovecot",
    packages: [...dovecotPackages, "postfix"],
    // Postfix makes them at its first start, which is after Dovecot's.
    directories: {
      "/var/spool/postfix": { owner: "root:root", mode: "0755" },
      "/var/spool/postfix/private": { owner: "postfix:root", mode: "0700" },
    },
    files: { "2.3": files23, "2.4": files24 }[generation]({
      hostname: settings.hostname,
      postmaster: settings.postmaster,
      defaultQuotaMb: settings.defaultQuotaMb,
      certificate: certificatePaths,
      database: accountsDatabase,
      mailOwner,
      postfixSockets,
    }),
    prepare: [["sievec", "-c", configuration, sieve]],
    validate: [["doveconf", "-n", "-c", configuration]],
    units: { "dovecot.service": { onChange: "reload" } },
    health: [
      { tcp: "127.0.0.1:993" },
      { tcp: "127.0.0.1:995" },
      ...postfixSockets.map((socket) => ({ socket: socket.path })),
    ],
  };
}

const common: Record<string, Ownership> = { [configuration]: {}, [sieve]: {} };

function files23(view: View): Bundle["files"] {
  return filesFrom(
    "dovecot-2.3",
    // The file with the database's queries is the only one that is not for everybody to read.
    { ...common, "/etc/dovecot/dovecot-sql.conf.ext": { owner: "root:dovecot", mode: "0640" } },
    { ...view, mailboxes: mailboxes.map((name) => ({ name })) },
  );
}

function files24(view: View): Bundle["files"] {
  return filesFrom("dovecot-2.4", common, {
    ...view,
    // Deleting must still work in a full mailbox. In 2.3 this is a rule of the quota.
    mailboxes: mailboxes.map((name) => ({ name, more: name === "Trash" ? ["quota_storage_extra = 500M"] : [] })),
  });
}
