import type { z } from "zod";
import { networkOf } from "./network-address";
import { contradictions, setWith, type Problem } from "./rules";
import { settingsSchema, type Settings } from "./schema";

/** All that is wrong with the settings, a line each; nothing has been created when it is thrown. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(readonly problems: Problem[]) {
    super(problems.map((problem) => `mailstack:${problem.key}: ${problem.message}`).join("\n"));
  }
}

/**
 * Checks plain values and fills in the defaults.
 * @throws SettingsError naming every wrong key, with what would be right.
 */
export function parseSettings(values: Record<string, unknown>): Settings {
  const parsed = settingsSchema.safeParse(values, { reportInput: true, error: plainWords });
  if (!parsed.success) throw new SettingsError(parsed.error.issues.flatMap(problemsOf));
  const problems = contradictions(parsed.data);
  if (problems.length > 0) throw new SettingsError(problems);
  return { ...parsed.data, trustedCidrs: parsed.data.trustedCidrs.map(networkOf) };
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
