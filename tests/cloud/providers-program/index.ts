/** One resource of each kind that the stand-ins have; what the test changes comes from the configuration. */
import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";

interface Changes {
  label?: string;
  image?: string;
  type?: string;
  /** GB. */
  volume?: number;
  rules?: number;
  text?: string;
  priority?: number;
  /** An input that the stand-in does not have. */
  stackscriptId?: number;
}

const config = new pulumi.Config();
const changes = config.getObject<Changes>("changes") ?? {};
const zoneId = config.require("zoneId");
const { label = "mail-one", image = "linode/debian12" } = changes;

const onLinode = {
  provider: new linode.Provider("linode", {
    token: config.requireSecret("linodeToken"),
    url: config.require("linodeUrl"),
    eventPollMs: 500,
  }),
};
const onCloudflare = {
  provider: new cloudflare.Provider("cloudflare", {
    apiToken: config.requireSecret("cloudflareToken"),
    baseUrl: config.require("cloudflareUrl"),
  }),
};

const vm = new linode.Instance(
  "vm",
  {
    region: "eu-central",
    type: changes.type ?? "g6-standard-1",
    image,
    label,
    rootPass: config.requireSecret("rootPass"),
    authorizedKeys: [config.require("publicKey")],
    metadatas: [{ userData: Buffer.from("#cloud-config\n").toString("base64") }],
    tags: ["mail", "backup"],
    swapSize: 512,
    stackscriptId: changes.stackscriptId,
  },
  { ...onLinode, deleteBeforeReplace: true },
);

new linode.Firewall(
  "firewall",
  {
    label: "mail-firewall",
    inboundPolicy: "DROP",
    outboundPolicy: "ACCEPT",
    inbounds: [
      { label: "smtp", action: "ACCEPT", protocol: "TCP", ports: "25", ipv4s: ["0.0.0.0/0"], ipv6s: ["::/0"] },
      { label: "web", action: "ACCEPT", protocol: "TCP", ports: "80, 443", ipv4s: ["0.0.0.0/0"] },
      { label: "ping", action: "ACCEPT", protocol: "ICMP", ipv4s: ["0.0.0.0/0"] },
    ].slice(0, changes.rules ?? 3),
    linodes: [vm.id.apply(Number)],
    tags: ["mail"],
  },
  onLinode,
);

new linode.Volume(
  "volume",
  {
    label: "mail-volume",
    region: "eu-central",
    size: changes.volume ?? 10,
    linodeId: vm.id.apply(Number),
    tags: ["mail"],
  },
  onLinode,
);

const bucket = new linode.ObjectStorageBucket("bucket", { label: "mail-backups", region: "nl-ams" }, onLinode);
new linode.ObjectStorageKey(
  "bucket-key",
  {
    label: "mail-backups",
    regions: ["nl-ams"],
    bucketAccesses: [{ bucketName: bucket.label, region: "nl-ams", permissions: "read_write" }],
  },
  { ...onLinode, additionalSecretOutputs: ["secretKey"] },
);

const record = (name: string, args: Omit<cloudflare.DnsRecordArgs, "zoneId" | "ttl">): cloudflare.DnsRecord =>
  new cloudflare.DnsRecord(name, { zoneId, ttl: 300, ...args }, onCloudflare);

const address = record("a", { name: "mail.ementech.co.ke", type: "A", content: vm.ipAddress, proxied: false });
record("mx", {
  name: "ementech.co.ke",
  type: "MX",
  content: "mail.ementech.co.ke",
  priority: changes.priority ?? 10,
  comment: "where mail goes",
});
record("txt", { name: "ementech.co.ke", type: "TXT", content: changes.text ?? '"v=spf1 mx -all"' });
record("caa", { name: "ementech.co.ke", type: "CAA", data: { flags: 0, tag: "issue", value: "letsencrypt.org" } });
record("srv", {
  name: "_imaps._tcp.ementech.co.ke",
  type: "SRV",
  priority: 0,
  data: { priority: 0, weight: 1, port: 993, target: "mail.ementech.co.ke" },
});

new linode.Rdns(
  "rdns",
  { address: vm.ipAddress, rdns: "mail.ementech.co.ke", waitForAvailable: true },
  { ...onLinode, dependsOn: address },
);

const domain = new linode.Domain(
  "domain",
  { domain: "second.example", type: "master", soaEmail: "hostmaster@second.example", tags: ["mail"] },
  onLinode,
);
new linode.DomainRecord(
  "domain-record",
  { domainId: domain.id.apply(Number), recordType: "A", name: "www", target: "198.51.100.99", ttlSec: 300 },
  onLinode,
);

export const vmId = vm.id;
export const ip = vm.ipAddress;
