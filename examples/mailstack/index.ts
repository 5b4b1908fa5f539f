import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";
import { checkedPast, MailServer, readConfig } from "mailstack";

// One mailbox to begin with, until mailstack:users lists them.
const administrator = new pulumi.Config("mailstack").require("administrator");
const config = readConfig({ users: [{ address: administrator }] });

/** The outputs of the stack. The next `up` reads hostname, zones and history. */
export = async () => {
  const providers = {
    linode: new linode.Provider("linode", { token: config.linodeToken }),
    cloudflare:
      config.cloudflareApiToken && new cloudflare.Provider("cloudflare", { apiToken: config.cloudflareApiToken }),
  };
  const { settings, certificateDnsToken } = config;
  const past = await checkedPast(settings, providers);
  const server = new MailServer("mail", { settings, certificateDnsToken, past, ...providers });
  const { hostname, ipv4, ipv6, webmail, hostKey, deployKey, dkim, zones, history } = server;
  return { hostname, ipv4, ipv6, webmail, hostKey, deployKey, dkim, zones, history };
};
