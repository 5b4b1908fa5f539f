/** The component package: a mail server for Pulumi programs in any language, from one flat set of arguments. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import { main, type ConstructResult, type Provider } from "@pulumi/pulumi/provider";
import { checkedMailServer, outputsOf } from "../checked-mail-server";
import { parseSettings, SettingsError } from "../settings/parse";
import { setWith } from "../settings/problem";
import { linodeOptions } from "../cloud/provider-options";
import { alertUrlKeys, alertUrlProblem, hasSms } from "../settings/alerts";
import { isNeeded, secretKeys, type SecretKey, type Settings } from "../settings/schema";

const type = "mailstack:index:MailServer";

export class MailstackProvider implements Provider {
  // Written by `npm run docs`. Both this file and the bundle are two folders below the root.
  readonly schema = readFileSync(join(__dirname, "../../sdk/schema.json"), "utf8");
  readonly version = (JSON.parse(this.schema) as { version: string }).version;

  async construct(
    name: string,
    token: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<ConstructResult> {
    if (token !== type) throw new Error(`there is no ${token}, only ${type}`);
    const settings = settingsFrom(inputs);
    const secret = (key: SecretKey) =>
      isNeeded[key](settings, Boolean(inputs[key])) ? pulumi.secret(inputs[key] as pulumi.Input<string>) : undefined;
    const apiToken = secret("cloudflareApiToken");
    const beside = { parent: options.parent };
    const server = await checkedMailServer(
      name,
      {
        settings,
        certificateDnsToken: secret("certificateDnsToken"),
        backupAccessKey: secret("backupAccessKey"),
        backupSecretKey: secret("backupSecretKey"),
        alertUrls: Object.fromEntries(alertUrlKeys.map((key) => [key, secret(key)])),
        relayPassword: secret("relayPassword"),
        linode: new linode.Provider(
          `${name}-linode`,
          { token: secret("linodeToken"), ...linodeOptions(settings) },
          beside,
        ),
        cloudflare: apiToken && new cloudflare.Provider(`${name}-cloudflare`, { apiToken }, beside),
      },
      options,
    );
    return { urn: server.urn, state: outputsOf(server) };
  }
}

/**
 * The plain values of a component's inputs, checked.
 * @throws pulumi.InputPropertiesError that names every wrong one.
 */
function settingsFrom(inputs: pulumi.Inputs): Settings {
  const refuse = (errors: { propertyPath: string; reason: string }[]) =>
    new pulumi.InputPropertiesError({ message: "The arguments are not usable.", errors });
  const plain = Object.entries(inputs).filter(([key]) => !secretKeys.some((secret) => secret === key));
  const late = plain.filter(([, value]) => pulumi.Output.isInstance(value));
  if (late.length > 0)
    throw refuse(
      late.map(([propertyPath]) => ({
        propertyPath,
        reason: "must be a plain value: which resources there are depends on it",
      })),
    );
  let settings: Settings | undefined;
  const problems: { propertyPath: string; reason: string }[] = [];
  try {
    settings = parseSettings(Object.fromEntries(plain));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const { place, key = "", message } of error.problems) {
      const reason = message.replace(`; ${setWith(key)}`, "");
      problems.push({
        propertyPath: place ? "usersFile" : key,
        reason: place ? `${place}: ${key}: ${reason}` : reason,
      });
    }
  }
  for (const key of secretKeys)
    if (isNeeded[key](inputs, Boolean(inputs[key])) && !inputs[key])
      problems.push({ propertyPath: key, reason: "is missing" });
  for (const propertyPath of alertUrlKeys) {
    const url: unknown = inputs[propertyPath];
    // One that is known only later is looked at on the host.
    const reason = typeof url === "string" && url ? alertUrlProblem(url, propertyPath) : undefined;
    if (reason) problems.push({ propertyPath, reason });
  }
  if (inputs.alertSmsToken && !hasSms(inputs))
    problems.push({ propertyPath: "alertSmsAccount", reason: "is missing; alertSmsToken is set" });
  if (problems.length > 0 || !settings) throw refuse(problems);
  return settings;
}

/** Answers the engine until it ends the process. */
export function serve(): Promise<void> {
  return main(new MailstackProvider(), process.argv.slice(2));
}
