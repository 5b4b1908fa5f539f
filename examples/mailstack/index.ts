import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";
import { checkedMailServer, linodeOptions, outputsOf, readConfig } from "mailstack";

// One mailbox to begin with, until mailstack:users lists them.
const administrator = new pulumi.Config("mailstack").require("administrator");
const config = readConfig({ users: [{ address: administrator }] });

/** The outputs of the stack. */
export = async () => {
  const providers = {
    linode: new linode.Provider("linode", { token: config.linodeToken, ...linodeOptions(config.settings) }),
    cloudflare:
      config.cloudflareApiToken && new cloudflare.Provider("cloudflare", { apiToken: config.cloudflareApiToken }),
  };
  const { settings, certificateDnsToken, backupAccessKey, backupSecretKey, alertUrls, relayPassword, linodeToken } =
    config;
  const secrets = { certificateDnsToken, backupAccessKey, backupSecretKey, alertUrls, relayPassword, linodeToken };
  return outputsOf(await checkedMailServer("mail", { settings, ...secrets, ...providers }));
};
