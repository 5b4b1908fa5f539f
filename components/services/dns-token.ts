import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema";
import { dnsPlugins, dnsTokenSecret } from "../settings/dns-challenge";

/**
 * The secret with which certbot edits the DNS.
 * @returns nothing where the certificate needs none.
 * @throws Error when the token is missing; a checked configuration always has it.
 */
export function dnsTokenFile(
  settings: Pick<Settings, "certificate" | "dnsProvider">,
  token: pulumi.Input<string> | undefined,
): Record<string, pulumi.Output<string>> {
  if (settings.certificate !== "dns-01" || settings.dnsProvider === "none") return {};
  if (token === undefined) throw new Error("a certificate by dns-01 needs certificateDnsToken");
  const { credentials } = dnsPlugins[settings.dnsProvider];
  return { [dnsTokenSecret]: pulumi.secret(token).apply(credentials) };
}
