import { z } from "zod";
import { bucketRegions } from "./linode";

const user = "[a-z_][a-z0-9_-]{0,31}";
const host = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])`;
const port = String.raw`(?::[0-9]{1,5})?`;
/** No address can be taken for an option by restic or ssh, or contain a blank or a password. */
const repositories = [
  /^$/,
  /^linode$/,
  new RegExp(`^sftp://${user}@${host}${port}/[A-Za-z0-9._/-]+$`),
  new RegExp(`^append-only://${user}@${host}${port}$`),
  new RegExp(`^s3:https://${host}${port}/[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._-]+)*$`),
  new RegExp(`^rest:https://${host}${port}(/[A-Za-z0-9._-]+)*/?$`),
];

const days = (least: number, otherwise: number) =>
  z
    .int("must be a whole number of days")
    .min(least, `must be at least ${least} days`)
    .max(3650, "must be at most 3650 days")
    .default(otherwise);

/** Keys about backups. */
export const backupShape = {
  backupRepository: z
    .string()
    .refine((text) => repositories.some((pattern) => pattern.test(text)), {
      error: (issue) =>
        `"${issue.input}" is neither "linode" nor an address like "sftp://user@host/path", "append-only://user@host", ` +
        `"s3:https://host/bucket" or "rest:https://host/path" (no password in it)`,
    })
    .meta({ examples: ["linode", "sftp://backup@backup.example.org/srv/mail"] })
    .default(""),
  backupRegion: z
    .enum(bucketRegions, {
      error: (issue) => `"${issue.input}" has no object storage; use one of ${bucketRegions.join(", ")}`,
    })
    .default("nl-ams"),
  backupHostKey: z
    .string()
    .regex(/^$|^ssh-ed25519 [A-Za-z0-9+/]{68}$/, 'must be an ed25519 key without a comment, "ssh-ed25519 AAAA..."')
    .meta({ examples: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`] })
    .default(""),
  backupEveryHours: z
    .int("must be a whole number of hours")
    .refine((hours) => hours > 0 && 24 % hours === 0, "must be 1, 2, 3, 4, 6, 8, 12 or 24")
    .default(1),
  restoreFrom: z
    .string()
    .regex(
      /^(auto|nothing|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?)$/,
      'must be "auto", "nothing" or a time in UTC like "2026-11-29T10:00Z"',
    )
    .default("auto"),
  abandonHost: z
    .string()
    .regex(/^\d*$/, "must be the number of an instance at Linode")
    .meta({ examples: ["12345678"] })
    .default(""),
  backupMailDays: days(2, 30),
  backupStateDays: days(2, 365),
};

/** Whether the repository is reached by SSH, with the stack's own key. */
export function isBySsh(repository: string): boolean {
  return /^(sftp|append-only):/.test(repository);
}

/** Whether the repository has a login. */
export function hasLogin(repository: unknown): boolean {
  return typeof repository === "string" && /^(s3|rest):/.test(repository);
}
