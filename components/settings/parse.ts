import type { z } from "zod";
import { readAddress } from "./address";
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
  return {
    ...settings,
    trustedCidrs: settings.trustedCidrs.map(networkOf),
    sshAllowedCidrs: settings.sshAllowedCidrs.map(networkOf),
  };
}

/** Every address that may be anybody's, in the form in which mail goes there. */
function withReadAddresses({ aliases, sharedAliases, alertMail, ...settings }: Settings): Settings {
  const addressOf = (text: string) => {
    const read = readAddress(text);
    return "address" in read ? read.address : text;
  };
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
