import "./program/stack-traces";
// By module: the whole of a provider's package takes longer to load than all of the rest.
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as linode from "@pulumi/linode/provider";
import { checkedMailServer, outputsOf } from "./components/checked-mail-server";
import { linodeOptions } from "./components/cloud/provider-options";
import { readConfig } from "./components/settings/stack-config";

// Not within the function: an error before its first await would never be told.
const config = readConfig();

/** The outputs of the stack. */
export = async () => {
  // Providers by name: no token from the environment is ever used by chance.
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
