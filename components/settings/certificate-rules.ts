import { dnsPlugins } from "./dns-challenge";
import { hostNames } from "./web-names";
import type { Problem } from "./problem";
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
      return [...dnsProblems(settings), ...countProblems(settings)];
    case "http-01":
      return countProblems(settings);
  }
}

/** Let's Encrypt's limit; other authorities have the same or a lower one. */
const mostNames = 100;

/** All names are in one certificate. */
function countProblems(settings: Settings): Problem[] {
  const domains = [settings.domain, ...settings.domains.map(({ name }) => name)];
  const names =
    settings.certificate === "dns-01"
      ? domains.flatMap((domain) => [domain, `*.${domain}`])
      : hostNames(settings, settings.hostname || `mail.${settings.domain}`);
  if (names.length <= mostNames) return [];
  const advice =
    settings.certificate === "dns-01"
      ? "use certificate existing, or fewer domains"
      : "use certificate dns-01 (two names a domain), autoconfiguration false, or fewer domains";
  return [
    { key: "domains", message: `make ${names.length} names, and a certificate holds ${mostNames} at most; ${advice}` },
  ];
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
