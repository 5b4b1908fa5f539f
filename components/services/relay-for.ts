import { exchangeVersion, type RelayFor } from "../reach/exchange";
import { allAliases } from "./accounts";
import type { Stack } from "./stack";

/** What a backup MX has to know of this host, as the stack's output tells it. */
export function relayForOf(stack: Stack): RelayFor {
  const sources = allAliases(stack).map(({ source }) => source);
  const isCatchAll = (source: string) => source.startsWith("@");
  const aliases = sources.filter((source) => !isCatchAll(source));
  const recipients = [...stack.users.map(({ address }) => address), ...aliases];
  return {
    version: exchangeVersion,
    hostname: stack.fqdn,
    administrator: stack.administrator,
    domains: stack.mailDomains,
    recipients: [...new Set(recipients)].sort(),
    catchAll: sources
      .filter(isCatchAll)
      .map((source) => source.slice(1))
      .sort(),
    messageSizeLimitMb: stack.messageSizeLimitMb,
    dane: stack.dane,
  };
}
