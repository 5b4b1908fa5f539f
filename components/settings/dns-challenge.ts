import type { SystemName } from "../deployment/systems";
import type { Settings } from "./schema";

/** DNS providers at which a name can be proven by a TXT record (RFC 8555, section 8.4). */
export type ChallengeProvider = Exclude<Settings["dnsProvider"], "none">;

/** Certbot's plugin for a DNS provider. */
export interface DnsPlugin {
  package: string;
  /** As in certbot's options, and as `authenticator` in its renewal settings. */
  name: string;
  /** Text of its credentials file. */
  credentials: (token: string) => string;
  /** Systems that have the package. */
  systems: readonly SystemName[];
}

export const dnsPlugins: Readonly<Record<ChallengeProvider, DnsPlugin>> = {
  cloudflare: {
    package: "python3-certbot-dns-cloudflare",
    name: "dns-cloudflare",
    credentials: (token) => `dns_cloudflare_api_token = ${token}\n`,
    systems: ["debian12", "debian13", "ubuntu2404"],
  },
  linode: {
    package: "python3-certbot-dns-linode",
    name: "dns-linode",
    credentials: (token) => `dns_linode_key = ${token}\ndns_linode_version = 4\n`,
    systems: ["debian12", "ubuntu2404"],
  },
};

/** Name of the secret that is the plugin's credentials file. */
export const dnsTokenSecret = "certificate-dns.ini";

/** The credentials file: the secret itself, so that a new token counts without another change on the host. */
export const dnsCredentialsFile = `/etc/mailstack/secrets/${dnsTokenSecret}`;
