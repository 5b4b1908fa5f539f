import "./program/stack-traces";
// By module: the whole of a provider's package takes longer to load than all of the rest.
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as linode from "@pulumi/linode/provider";
import { checkedBackupMx, outputsOfBackupMx } from "./components/checked-backup-mx";
import { checkedMailServer, outputsOf } from "./components/checked-mail-server";
import { linodeOptions } from "./components/cloud/provider-options";
import { readBackupMxConfig, readConfig, roleOfStack } from "./components/settings/stack-config";

/** Providers by name: no token from the environment is ever used by chance. */
function providersOf({ linodeToken: token, cloudflareApiToken: apiToken }: Tokens, options: linode.ProviderArgs = {}) {
  return {
    linode: new linode.Provider("linode", { token, ...options }),
    cloudflare: apiToken && new cloudflare.Provider("cloudflare", { apiToken }),
  };
}

type Tokens = Pick<ReturnType<typeof readConfig>, "linodeToken" | "cloudflareApiToken">;

function mailServer() {
  const config = readConfig();
  return async () => {
    const { settings, certificateDnsToken, backupAccessKey, backupSecretKey, alertUrls, relayPassword, linodeToken } =
      config;
    const secrets = { certificateDnsToken, backupAccessKey, backupSecretKey, alertUrls, relayPassword, linodeToken };
    const providers = providersOf(config, linodeOptions(settings));
    return outputsOf(await checkedMailServer("mail", { settings, ...secrets, ...providers }));
  };
}

function backupMx() {
  const config = readBackupMxConfig();
  return async () => {
    const { settings, alertUrls, linodeToken } = config;
    const server = await checkedBackupMx("mail", { settings, alertUrls, linodeToken, ...providersOf(config) });
    return outputsOfBackupMx(server);
  };
}

// The configuration is read at once: an error before the first await of the function would never be told.
const program: () => Promise<Record<string, unknown>> = roleOfStack() === "backup-mx" ? backupMx() : mailServer();

/** The outputs of the stack. */
export = program;
