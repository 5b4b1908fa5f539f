import * as pulumi from "@pulumi/pulumi";
import { alertSecret, urlsOf } from "./services/alerts";
import type { AlertUrlKey } from "./settings/alerts";

/** The URLs of a stack's alerts as secrets of its host, by name. Without alerts there are none. */
export function alertSecrets(
  { alerts }: { alerts: boolean },
  urls: Readonly<Partial<Record<AlertUrlKey, pulumi.Input<string>>>> = {},
): Record<string, pulumi.Output<string>> {
  const set = alerts ? urlsOf(urls) : [];
  return Object.fromEntries(set.map((key) => [alertSecret(key), pulumi.secret(urls[key]!)]));
}
