/** One resource for each rule of the policy pack, good or not as the configuration says. Only previewed. */
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord";
import * as cloudflare from "@pulumi/cloudflare/provider";
import * as command from "@pulumi/command";
import { Instance } from "@pulumi/linode/instance";
import * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const token = pulumi.secret("0".repeat(40));
new Instance(
  "host",
  { region: "eu-central", type: "g6-standard-1", image: "linode/debian13", label: "host" },
  { protect: config.requireBoolean("protect"), provider: new linode.Provider("linode", { token }) },
);
const text = `"v=DMARC1; p=${config.require("dmarc")}"`;
const record = { zoneId: "0".repeat(32), name: "_dmarc.example.org", type: "TXT", content: text, ttl: 300 };
new DnsRecord("dmarc", record, { provider: new cloudflare.Provider("cloudflare", { apiToken: token }) });
const connection = { host: "192.0.2.1", privateKey: pulumi.secret("k"), hostKey: config.get("hostKey") };
new command.remote.Command("command", { connection, create: "true" });
