/** What a program in any language sends the engine: one resource of the component package, with flat arguments. */
import * as pulumi from "@pulumi/pulumi";

class MailServer extends pulumi.ComponentResource {
  declare readonly hostname: pulumi.Output<string>;
  declare readonly deployKey: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions = {}) {
    const outputs = { hostname: undefined, deployKey: undefined };
    super("mailstack:index:MailServer", name, { ...outputs, ...args }, options, true);
  }
}

const config = new pulumi.Config();
const secret = (key: string) => config.getSecret(key);
const server = new MailServer("mail", {
  ...config.requireObject<pulumi.Inputs>("arguments"),
  // A token that a program forgot to mark.
  linodeToken: config.get("token"),
  cloudflareApiToken: secret("cloudflareApiToken"),
  ...(config.getBoolean("late") && { domain: new pulumi.ComponentResource("test:index:Late", "late").urn }),
});
export const hostname = server.hostname;
export const deployKey = server.deployKey;
