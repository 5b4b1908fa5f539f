import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";
import { checkedMailServer, defineService, outputsOf, parseSettings } from "mailstack";

const config = new pulumi.Config();
const domain = config.require("domain");
const administrator = `admin@${domain}`;

/** A service of your own on the mail host: installed, checked, and put back when it fails, as the mail services are. */
const exporter = defineService({
  name: "node-exporter",
  type: "acme:NodeExporter",
  packages: ["prometheus-node-exporter"],
  render: () => ({
    files: {
      "/etc/default/prometheus-node-exporter": {
        owner: "root:root",
        mode: "0644",
        content: 'ARGS="--web.listen-address=127.0.0.1:9100"\n',
      },
    },
    units: { "prometheus-node-exporter.service": { onChange: "restart" } },
    health: [{ tcp: "127.0.0.1:9100" }],
  }),
});

const settings = parseSettings({
  domain,
  administrator,
  users: [{ address: administrator }],
  os: "debian13",
  dnsProvider: "linode",
  linodeDomainId: config.requireNumber("linodeDomainId"),
  protect: config.getBoolean("protect") ?? true,
});

/** The outputs of the stack. */
export = async () => {
  const account = new linode.Provider("linode", { token: config.requireSecret("linodeToken") });
  return outputsOf(await checkedMailServer("mail", { settings, linode: account, services: [exporter] }));
};
