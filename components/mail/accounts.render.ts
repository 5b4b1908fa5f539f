import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../rendering/bundle";

/** A mailbox. */
export interface MailboxSettings {
  /** Full address, lower case, in one of the domains. */
  address: string;
  /** Mailbox limit in MiB. */
  quotaMb: number;
  /** Raising it sets a new generated password on the host, once. */
  passwordVersion: number;
}

/** An alias. */
export interface AliasSettings {
  /** Full address, lower case, in one of the domains; `@domain` is a catch-all. */
  address: string;
  /** Full addresses, anywhere. */
  destinations: string[];
}

/** An alias that every domain has. */
export interface SharedAliasSettings {
  /** The part of the address before the `@`. */
  name: string;
  /** Full addresses: mailboxes, or anywhere else. */
  destinations: string[];
}

/** Settings of the accounts. */
export interface AccountsSettings {
  /** Hosted mail domains. */
  domains: string[];
  users: MailboxSettings[];
  aliases: AliasSettings[];
  /** In each domain, unless a user or an alias of that domain has the name. */
  sharedAliases: SharedAliasSettings[];
  /** One of the users; gets the mail to {@link administratorNames} of every domain. */
  administrator: string;
}

/** Read by Postfix and Dovecot; a row that changes is seen at once, the file is never replaced. */
export const accountsDatabase = "/var/lib/mailserver/mail.db";
/** Group of those who read the database. SQLite in WAL mode needs the directory writable for them; sticky, it keeps our files. */
export const accountsGroup = "mailauth";
/** Owner of all mail on disk; the number is the specification's. */
export const mailOwner = { name: "vmail", id: 5000, home: "/var/vmail" } as const;

/** Words that the password policy on the host counts as easy to guess. */
export const accountsPackages = ["cracklib-runtime"];

/** RFC 2142 and what cron, DMARC and TLS reports are sent to: each must reach somebody in every domain. */
export const administratorNames = ["abuse", "dmarc", "hostmaster", "postmaster", "root", "tls-rpt"];

/** Who reads new columns comes after this service; without the digest, an older host's database would never get them. */
const tablesDigest = createHash("sha256")
  .update(readFileSync(join(__dirname, "../../host/mailstack/accounts_db.py")))
  .digest("hex")
  .slice(0, 16);

/** Users, groups and the database of mailboxes. Nothing restarts when a mailbox comes or goes. */
export function renderAccounts(settings: AccountsSettings): Bundle {
  return {
    service: "accounts",
    packages: [...accountsPackages, "postfix"],
    groups: { [mailOwner.name]: { gid: mailOwner.id }, [accountsGroup]: {} },
    users: {
      [mailOwner.name]: { uid: mailOwner.id, group: mailOwner.name, home: mailOwner.home },
      postfix: { group: "postfix", groups: [accountsGroup] },
    },
    directories: {
      "/var/lib/mailserver": { owner: `root:${accountsGroup}`, mode: "3770" },
      [mailOwner.home]: { owner: `${mailOwner.name}:${mailOwner.name}`, mode: "0700" },
    },
    files: {},
    accounts: {
      database: accountsDatabase,
      tables: tablesDigest,
      domains: [...settings.domains].sort(),
      users: settings.users
        .map(({ address, quotaMb, passwordVersion }) => ({ address, quotaMb, passwordVersion }))
        .sort(by((user) => user.address)),
      aliases: allAliases(settings).sort(by((alias) => alias.source)),
    },
  };
}

/** The configured aliases; in each domain the shared ones and the administrator's names where nobody has them. */
function allAliases(settings: AccountsSettings): { source: string; destinations: string[] }[] {
  const own = settings.aliases.map(({ address, destinations }) => ({
    source: address,
    destinations: [...destinations].sort(),
  }));
  const taken = new Set([...own.map((alias) => alias.source), ...settings.users.map((user) => user.address)]);
  const everywhere = [
    ...settings.sharedAliases,
    ...administratorNames.map((name) => ({ name, destinations: [settings.administrator] })),
  ];
  for (const domain of settings.domains)
    for (const { name, destinations } of everywhere) {
      const source = `${name}@${domain}`;
      if (!taken.has(source)) own.push({ source, destinations: [...destinations].sort() });
      taken.add(source);
    }
  return own;
}

/** Plain order by code point, the same on every machine. */
function by<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}
