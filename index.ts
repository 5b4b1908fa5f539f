import "./stack-traces";
// By module: the whole of a provider's package takes longer to load than all of the rest.
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import { MailServer } from "./components";
import { foreignRecords } from "./components/dns/foreign-records";
import { checkedPast } from "./components/history/checked-past";
import { publishedNames } from "./components/history/history";
import { readConfig } from "./components/settings/stack-config";

const unseen = (error: Error) => [`The present DNS was not looked at: ${error.message}`];

// Not within the function: an error before its first await would never be told.
const config = readConfig();

/** The outputs of the stack. */
export = async () => {
  // Providers by name: no token from the environment is ever used by chance.
  const providers = {
    linode: new linode.Provider("linode", { token: config.linodeToken }),
    cloudflare:
      config.cloudflareApiToken && new cloudflare.Provider("cloudflare", { apiToken: config.cloudflareApiToken }),
  };

  const { settings, certificateDnsToken } = config;
  const past = await checkedPast(settings, providers);
  // What `up` makes of it is `mailstack status`'s to say: the DNS changes meanwhile.
  const looking = pulumi.runtime.isDryRun() ? foreignRecords(publishedNames(settings, past), past).catch(unseen) : [];
  const server = new MailServer("mail", { settings, certificateDnsToken, past, ...providers });
  for (const line of await looking) await pulumi.log.warn(line);

  return {
    /** Name of the mail host: the server that mail programs ask for, IMAP on 993 and SMTP on 465. */
    hostname: server.hostname,
    ipv4: server.ipv4,
    /** Where users read and write mail in the browser. */
    webmail: server.webmail,
    /** Empty with `mailstack:ipv6` false. */
    ipv6: server.ipv6,
    hostKey: server.hostKey,
    dkim: server.dkim,
    /** Every record of each domain in zone-file form; for you to make with `mailstack:dnsProvider` none. */
    zones: server.zones,
    /** For the next `up`. */
    history: server.history,
    /** For an administrator's own SSH; shown by `pulumi stack output deployKey --show-secrets` only. */
    deployKey: server.deployKey,
  };
};
