import "./stack-traces";
// By module: the whole of a provider's package takes longer to load than all of the rest.
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as linode from "@pulumi/linode/provider";
import { MailServer } from "./components";
import { readConfig } from "./config";

const config = readConfig();

// Providers by name: no token from the environment is ever used by chance.
const providers = {
  linode: new linode.Provider("linode", { token: config.linodeToken }),
  cloudflare:
    config.cloudflareApiToken && new cloudflare.Provider("cloudflare", { apiToken: config.cloudflareApiToken }),
};

const { settings, certificateDnsToken } = config;
const server = new MailServer("mail", { settings, certificateDnsToken, ...providers });

/** Name of the mail host: the server that mail programs ask for, IMAP on 993 and SMTP on 465. */
export const hostname = server.hostname;
export const ipv4 = server.ipv4;
/** Where users read and write mail in the browser. */
export const webmail = server.webmail;
/** Empty with `mailstack:ipv6` false. */
export const ipv6 = server.ipv6;
export const hostKey = server.hostKey;
export const dkim = server.dkim;
/** Every record of each domain in zone-file form; for you to make with `mailstack:dnsProvider` none. */
export const zones = server.zones;
/** For an administrator's own SSH; shown by `pulumi stack output deployKey --show-secrets` only. */
export const deployKey = server.deployKey;
