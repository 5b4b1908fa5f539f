import { defineService, type BundleBody } from "../deployment/define-service";
import type { Stack } from "./stack";

/** Read by Postfix and Dovecot; a row that changes is seen at once, the file is never replaced. */
export const accountsDatabase = "/var/lib/mailserver/mail.db";
/** Group of those who read the database. SQLite in WAL mode needs the directory writable for them; sticky, it keeps our files. */
export const accountsGroup = "mailauth";
/** Owner of all mail on disk; the number is the specification's. */
export const mailOwner = { name: "vmail", id: 5000, home: "/var/vmail" } as const;

/** As host/mailstack/paths.py names it. */
const initialPasswords = "/etc/mailstack/initial-passwords";

/** RFC 2142 and what cron, DMARC and TLS reports are sent to: each must reach somebody in every domain. */
export const administratorNames = ["abuse", "dmarc", "hostmaster", "postmaster", "root", "tls-rpt"];

/** Users, groups and the database of mailboxes. Nothing restarts when a mailbox comes or goes. */
export const accounts = defineService({
  name: "accounts",
  type: "mail:Accounts",
  // The password policy on the host counts its words as easy to guess.
  packages: ["cracklib-runtime", "postfix"],
  // Who reads new columns comes after this service; without this, an older host's database would never get them.
  modules: ["accounts/database.py"],
  render,
});

function render(
  stack: Pick<Stack, "mailDomains" | "users" | "aliases" | "sharedAliases" | "administrator" | "defaultQuotaMb">,
): BundleBody {
  return {
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
    state: [
      { kind: "sqlite", path: accountsDatabase, owner: `root:${accountsGroup}`, mode: "0660" },
      { kind: "files", path: initialPasswords, owner: "root:root" },
      {
        kind: "files",
        path: mailOwner.home,
        owner: `${mailOwner.name}:${mailOwner.name}`,
        // Half of a message; what Dovecot makes again from the files.
        exclude: [`${mailOwner.home}/*/*/Maildir/**/tmp/*`, "dovecot.index*"],
        part: "mail",
      },
    ],
    accounts: {
      database: accountsDatabase,
      domains: [...stack.mailDomains].sort(),
      users: stack.users
        .map(({ address, quotaMb = stack.defaultQuotaMb, passwordVersion }) => ({ address, quotaMb, passwordVersion }))
        .sort(by((user) => user.address)),
      aliases: allAliases(stack).sort(by((alias) => alias.source)),
    },
  };
}

/** The configured aliases; in each domain the shared ones and the administrator's names where nobody has them. */
export function allAliases(
  stack: Pick<Stack, "mailDomains" | "users" | "aliases" | "sharedAliases" | "administrator">,
): { source: string; destinations: string[] }[] {
  const own = stack.aliases.map(({ address, destinations }) => ({
    source: address,
    destinations: [...destinations].sort(),
  }));
  const taken = new Set([...own.map((alias) => alias.source), ...stack.users.map((user) => user.address)]);
  const everywhere = [
    ...stack.sharedAliases,
    ...administratorNames.map((name) => ({ name, destinations: [stack.administrator] })),
  ];
  for (const domain of stack.mailDomains)
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
