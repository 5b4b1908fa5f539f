import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** Zone ID for tests; a stack file has none, since it belongs to whoever deploys. */
export const zoneId = "0123456789abcdef0123456789abcdef";

const stackFile = z.strictObject({ config: z.record(z.string(), z.unknown()) });

/** The configuration of `Pulumi.STACK.yaml` as plain values, without `mailstack:` before the keys, with a zone ID. */
export function stackValues(stack: string): Record<string, unknown> {
  const text = readFileSync(join(__dirname, `../../../Pulumi.${stack}.yaml`), "utf8");
  const entries = Object.entries(stackFile.parse(parse(text)).config).map(([key, value]): [string, unknown] => {
    if (!key.startsWith("mailstack:")) throw new Error(`${key} in Pulumi.${stack}.yaml is not the program's`);
    return [key.slice("mailstack:".length), value];
  });
  return { ...Object.fromEntries(entries), cloudflareZoneId: zoneId };
}

/** The same as Pulumi hands it to a program: full keys, every value as text, lists and numbers as JSON. */
export function stackConfig(stack: string): Record<string, string> {
  const entries = Object.entries(stackValues(stack)).map(([key, value]) => [
    `mailstack:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { ...Object.fromEntries(entries), ...tokens };
}

/** Tokens for tests. */
export const tokens = {
  "mailstack:linodeToken": "linode-token-for-tests",
  "mailstack:cloudflareApiToken": "cloudflare-token-for-tests",
};
