import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { alertUrlKeys, alertUrlProblem, hasSms, isAlertUrlKey, type AlertUrlKey } from "./alerts";
import type { BackupMxSettings } from "./backup-mx";
import { parseBackupMxSettings, parseSettings, SettingsError } from "./parse";
import type { Role } from "./reach";
import { refusal } from "./refusal";
import { isNeeded, secretKeys, settingsSchema, type SecretKey, type Settings } from "./schema";

/** Everything that the configuration of a stack holds, as {@link readConfig} reads it. */
export interface StackConfig<Checked = Settings> {
  settings: Checked;
  linodeToken: pulumi.Output<string>;
  /** There with `dnsProvider: cloudflare` only. */
  cloudflareApiToken: pulumi.Output<string> | undefined;
  /** There with `certificate: dns-01` only. */
  certificateDnsToken: pulumi.Output<string> | undefined;
  /** Set if `backupRepository` has a login. */
  backupAccessKey: pulumi.Output<string> | undefined;
  backupSecretKey: pulumi.Output<string> | undefined;
  /** Those that are set, by their keys. */
  alertUrls: Partial<Record<AlertUrlKey, pulumi.Output<string>>>;
  /** Set if there is a `relayHost`. */
  relayPassword: pulumi.Output<string> | undefined;
}

const prefix = "mailstack:";

/** What the host of the stack is to be. A wrong value is told with all others, by {@link readConfig}. */
export function roleOfStack(): Role {
  return pulumi.runtime.allConfig()[`${prefix}role`] === "backup-mx" ? "backup-mx" : "primary";
}

/**
 * Reads and checks every `mailstack:` key of the stack's configuration. Nothing else here reads pulumi.Config: the rest of
 * the library gets what it needs as arguments.
 * @param defaults - Plain values for keys that the configuration does not hold.
 * @throws pulumi.RunError with one line for each wrong key, before any resource exists.
 */
export function readConfig(defaults: Record<string, unknown> = {}): StackConfig {
  return read(defaults, parseSettings);
}

/**
 * The same of a stack whose `mailstack:role` is `backup-mx`.
 * @throws pulumi.RunError with one line for each wrong key, before any resource exists.
 */
export function readBackupMxConfig(): StackConfig<BackupMxSettings> {
  return read({}, parseBackupMxSettings);
}

function read<Checked>(
  defaults: Record<string, unknown>,
  parse: (values: Record<string, unknown>) => Checked,
): StackConfig<Checked> {
  const config = new pulumi.Config("mailstack");
  const problems: string[] = [];
  const values: Record<string, unknown> = { ...defaults };
  for (const [fullKey, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (!fullKey.startsWith(prefix)) continue;
    const key = fullKey.slice(prefix.length);
    if (secretKeys.some((secret) => secret === key)) continue;
    // Pulumi hands over what Pulumi.yaml declares: a key that only some stacks need is empty there.
    if (text === "" && isRequired(key)) continue;
    values[key] = isText(key) ? text : decode(text);
  }
  const stored = (key: SecretKey) => pulumi.runtime.allConfig()[prefix + key] ?? "";
  const needed = secretKeys.filter((key) => isNeeded[key](values, stored(key) !== ""));
  for (const key of needed) {
    const wrongUrl = isAlertUrlKey(key) ? alertUrlProblem(stored(key), key) : undefined;
    if (!stored(key))
      problems.push(`mailstack:${key}: is missing; set it with: pulumi config set --secret mailstack:${key}`);
    else if (!isStoredSecret(prefix + key))
      problems.push(
        `mailstack:${key}: is stored in clear; set it again with: pulumi config set --secret mailstack:${key}`,
      );
    else if (wrongUrl) problems.push(`mailstack:${key}: ${wrongUrl}`);
  }
  if (stored("alertSmsToken") && needed.includes("alertSmsToken") && !hasSms(values))
    problems.push("mailstack:alertSmsAccount: is missing; mailstack:alertSmsToken is set");
  let settings: Checked | undefined;
  try {
    settings = parse(values);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    problems.push(...error.message.split("\n"));
  }
  if (problems.length > 0 || !settings) throw refusal("The configuration is not usable:", problems);
  const secret = (key: SecretKey) => (needed.includes(key) ? config.requireSecret(key) : undefined);
  return {
    settings,
    linodeToken: config.requireSecret("linodeToken"),
    cloudflareApiToken: secret("cloudflareApiToken"),
    certificateDnsToken: secret("certificateDnsToken"),
    backupAccessKey: secret("backupAccessKey"),
    backupSecretKey: secret("backupSecretKey"),
    alertUrls: Object.fromEntries(
      alertUrlKeys.filter((key) => needed.includes(key)).map((key) => [key, secret(key)]),
    ) as StackConfig<Checked>["alertUrls"],
    relayPassword: secret("relayPassword"),
  };
}

/** Pulumi hands every value over as text; lists, numbers and booleans are JSON in it. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Left as text: the schema then names the key and the type that it wants.
    return text;
  }
}

function isRequired(key: string): boolean {
  const field: unknown = Reflect.get(settingsSchema.shape, key);
  return field instanceof z.ZodType && !(field instanceof z.ZodDefault);
}

function isText(key: string): boolean {
  const field: unknown = Reflect.get(settingsSchema.shape, key);
  if (!(field instanceof z.ZodType)) return true;
  const type = field instanceof z.ZodDefault ? field.unwrap() : field;
  return !(type instanceof z.ZodArray || type instanceof z.ZodNumber || type instanceof z.ZodBoolean);
}

/** Pulumi's own test of a stored secret; there at runtime, left out of its type declarations as internal. */
function isStoredSecret(fullKey: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(fullKey);
}
