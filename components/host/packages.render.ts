import { dovecotPackages } from "../mail/dovecot.render";
import { postfixDebconf, postfixPackages } from "../mail/postfix.render";
import { redisPackages } from "../mail/redis.render";
import { rspamdPackages } from "../mail/rspamd.render";
import type { Bundle } from "../rendering/bundle";
import { certificatePackages } from "../web/certificate.render";
import { resolverPackages } from "./resolver.render";
import type { SystemName } from "./systems";

/** Settings of the one package transaction. */
export interface PackagesSettings {
  system: SystemName;
}

/** For whoever looks after the host: the database of accounts is readable with it. */
const tools = ["sqlite3"];

/** All packages of the stack, so that apt works once. The names are the same on all of the systems. */
export function renderPackages(_settings: PackagesSettings): Bundle {
  const packages = [
    ...certificatePackages,
    ...dovecotPackages,
    ...postfixPackages,
    ...redisPackages,
    ...resolverPackages,
    ...rspamdPackages,
    ...tools,
  ];
  return { service: "packages", packages: [...new Set(packages)].sort(), debconf: postfixDebconf, files: {} };
}
