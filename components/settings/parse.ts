import type { z } from "zod";
import { readAddress } from "./address";
import { backupMxProblems, backupMxSettingsSchema, type BackupMxSettings } from "./backup-mx";
import { networkOf } from "./network-address";
import { setWith, type Problem } from "./problem";
import { validateSettings } from "./rules";
import { settingsSchema, type Settings } from "./schema";
import { withUsersFile } from "./users-file";

/** All that is wrong with the settings, a line each; nothing has been created when it is thrown. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(readonly problems: Problem[]) {
    super(problems.map(lineOf).join("\n"));
  }
}

/**
 * Checks plain values and fills in the defaults. What `usersFile` names is read, from the working directory.
 * @throws SettingsError naming every wrong key, with what would be right.
 */
export function parseSettings(values: Record<string, unknown>): Settings {
  const all = withUsersFile(values);
  if (Array.isArray(all)) throw new SettingsError(all);
  const parsed = settingsSchema.safeParse(all.values, { reportInput: true, error: plainWords });
  const refuse = (problems: Problem[]) => new SettingsError(problems.map((problem) => all.locate(problem)));
  if (!parsed.success) throw refuse(parsed.error.issues.flatMap(problemsOf));
  const settings = withReadAddresses(parsed.data);
  const problems = validateSettings(settings);
  if (problems.length > 0) throw refuse(problems);
  return withReadNetworks(settings);
}

/**
 * The same for the configuration of a backup MX, which is short: most of what it needs its primary tells.
 * @throws SettingsError naming every wrong key, with what would be right.
 */
export function parseBackupMxSettings(values: Record<string, unknown>): BackupMxSettings {
  const parsed = backupMxSettingsSchema.safeParse(withoutDefaults(values), { reportInput: true, error: plainWords });
  if (!parsed.success) throw new SettingsError(parsed.error.issues.flatMap(problemsOfBackupMx));
  const read = parsed.data.alertMail.map(addressOf);
  const settings = withReadNetworks({ ...parsed.data, alertMail: read });
  const problems = backupMxProblems(settings);
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** Pulumi hands over the defaults of Pulumi.yaml too, and does not tell them from what somebody has set. */
function withoutDefaults(values: Record<string, unknown>): Record<string, unknown> {
  const foreign = (key: string) => key in settingsSchema.shape && !(key in backupMxSettingsSchema.shape);
  const otherwise = (key: string) => settingsSchema.shape[key as keyof Settings].safeParse(undefined).data;
  const isSet = ([key, value]: [string, unknown]) =>
    !foreign(key) || JSON.stringify(value) !== JSON.stringify(otherwise(key));
  return Object.fromEntries(Object.entries(values).filter(isSet));
}

function problemsOfBackupMx(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== "unrecognized_keys") return problemsOf(issue);
  return issue.keys.map((key) => ({
    key,
    message:
      key in settingsSchema.shape
        ? "is what the primary tells a backup MX (mailstack:primaryStack); take it out here"
        : `is not a known key; a backup MX has ${Object.keys(backupMxSettingsSchema.shape).join(", ")}`,
  }));
}

function withReadNetworks<T extends { trustedCidrs: string[]; sshAllowedCidrs: string[] }>(settings: T): T {
  const { trustedCidrs, sshAllowedCidrs } = settings;
  return {
    ...settings,
    trustedCidrs: trustedCidrs.map(networkOf),
    sshAllowedCidrs: sshAllowedCidrs.map(networkOf),
  };
}

function addressOf(text: string): string {
  const read = readAddress(text);
  return "address" in read ? read.address : text;
}

/** Every address that may be anybody's, in the form in which mail goes there. */
function withReadAddresses({ aliases, sharedAliases, alertMail, ...settings }: Settings): Settings {
  const read = <T extends { destinations: string[] }>(alias: T): T => ({
    ...alias,
    destinations: alias.destinations.map(addressOf),
  });
  return {
    ...settings,
    aliases: aliases.map(read),
    sharedAliases: sharedAliases.map(read),
    alertMail: alertMail.map(addressOf),
  };
}

function lineOf({ place, key, message }: Problem): string {
  if (!place) return `mailstack:${key}: ${message}`;
  return `${place}: ${key ? `${key}: ` : ""}${message}`;
}

/** What a value of each kind is called to a user, where the schema has no words of its own. */
const kinds: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a set of fields",
  string: "text",
};

function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_type" || issue.input === undefined) return undefined;
  const kind = kinds[issue.expected];
  return kind && `must be ${kind}`;
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const key = pathText(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(settingsSchema.shape).join(", ");
    return issue.keys.map((name) => ({
      key: key ? `${key}.${name}` : name,
      message: key ? "is not a known field" : `is not a known key; the keys are ${known}`,
    }));
  }
  if (issue.code === "invalid_type" && issue.input === undefined)
    return [{ key, message: /[[.]/.test(key) ? "is missing" : `is missing; ${setWith(key)}` }];
  return [{ key, message: issue.message }];
}

function pathText(path: PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index ? "." : ""}${String(part)}`))
    .join("");
}
