import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** A TLSA record needs a zone that can hold it and is signed. */
export function daneProblems({ dane, dnsProvider, certificate }: Settings): Problem[] {
  if (dane && certificate === "existing")
    return [{ key: "dane", message: "must be false with mailstack:certificate existing, whose next key nobody knows" }];
  if (!dane || dnsProvider !== "linode") return [];
  const message =
    "must be false with mailstack:dnsProvider linode, whose DNS has neither TLSA records nor DNSSEC; or move the DNS";
  return [{ key: "dane", message }];
}
