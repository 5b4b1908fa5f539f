import { dnsPlugins } from "../web/dns-challenge";
import type { Problem } from "./rules";
import type { Settings } from "./schema";

/** What the way to get a certificate needs from other keys. */
export function certificateProblems(settings: Settings): Problem[] {
  switch (settings.certificate) {
    case "existing":
      return (["certificateFile", "certificateKeyFile"] as const).flatMap((key) =>
        settings[key]
          ? []
          : [{ key, message: "is missing; with certificate existing it is the path of a PEM file on the host" }],
      );
    case "dns-01":
      return dnsProblems(settings);
    case "http-01":
      return [];
  }
}

function dnsProblems({ dnsProvider, os }: Settings): Problem[] {
  const key = "certificate";
  if (dnsProvider === "none")
    return [{ key, message: '"dns-01" needs dnsProvider cloudflare or linode; use http-01 or existing' }];
  if (dnsPlugins[dnsProvider].systems.includes(os)) return [];
  return [
    {
      key,
      message: `"dns-01" with dnsProvider ${dnsProvider} does not work on ${os}, which has no package for it; use http-01, or another os`,
    },
  ];
}
