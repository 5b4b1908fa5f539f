import { z } from "zod";

/** Users that Debian or the stack makes; a person with such a name would be one of them. */
const systemUsers =
  "_apt _rspamd backup bin clamav daemon debian-spamd dovecot dovenull fail2ban games irc list lp mail man messagebus " +
  "mysql news nobody polkitd postfix proxy redis root sshd sync sys syslog systemd-network systemd-resolve " +
  "systemd-timesync unbound uucp vmail www-data";

const userName = z
  .string()
  .refine((name) => /^[a-z][a-z0-9_-]{0,31}$/.test(name) && !systemUsers.split(" ").includes(name), {
    error: (issue) =>
      `"${issue.input}" is not a name for a person's account: lower-case letters, digits, - and _, and no user of the system`,
  });

/** Kinds of keys that OpenSSH of Debian 12 accepts. */
const keyKinds = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

const authorizedKey = z
  .string()
  .refine(isPublicKey, 'must be a public key as in a .pub file, like "ssh-ed25519 AAAA... name"')
  .meta({ examples: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUrcpzAUOqRPPPUfHrNuAGtoUB8xpXVb3Omp3+0QNnb tech"] });

/** Settings of the machine below the mail services. */
export const machineShape = {
  sudoUsers: z
    .array(
      z.strictObject({
        name: userName.meta({ examples: ["tech"] }),
        authorizedKeys: z.array(authorizedKey).min(1, "must name at least one key"),
      }),
      "must be a list of {name, authorizedKeys}",
    )
    .refine((users) => new Set(users.map(({ name }) => name)).size === users.length, "names somebody twice")
    .default([]),
  logRetentionDays: z
    .int("must be a whole number of days")
    .min(2, "must be at least 2 days: the daily report reads yesterday's lines")
    .max(730, "must be at most 730 days")
    .default(30),
};

/** The kind stands in front of the key and, with its length, once more inside (RFC 4253, section 6.6). */
function isPublicKey(text: string): boolean {
  const [kind = "", key = ""] = text.split(" ");
  if (/[\r\n]/.test(text) || !keyKinds.includes(kind) || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return false;
  const bytes = Buffer.from(key, "base64");
  return (
    bytes.length > 4 + kind.length &&
    bytes.readUInt32BE() === kind.length &&
    bytes.subarray(4, 4 + kind.length).toString() === kind
  );
}
