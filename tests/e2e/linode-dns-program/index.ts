import * as linode from "@pulumi/linode/provider";
import * as pulumi from "@pulumi/pulumi";
import { LinodeRecords, mailRecords } from "../../../components";

const config = new pulumi.Config("mailstack");
const domain = config.require("domain");
const provider = new linode.Provider("linode", { token: config.requireSecret("linodeToken") });
const settings = { domain, mainDomain: domain, hostname: `mail.${domain}`, ipv6: true, dkimSelector: "ementech1" };
const acmeDirectory = "https://acme-v02.api.letsencrypt.org/directory";
new LinodeRecords(
  "records",
  {
    domainId: config.requireNumber("linodeDomainId"),
    records: mailRecords({ ...settings, dmarcPolicy: "quarantine", acmeDirectory }),
    facts: { ipv4: config.require("ipv4"), ipv6: config.require("ipv6"), dkim: { [domain]: config.require("dkim") } },
  },
  { providers: [provider] },
);
