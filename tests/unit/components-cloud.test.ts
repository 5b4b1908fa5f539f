import { inboundRules } from "../../components/cloud/firewall-rules";
import { openPorts, servicesOf } from "../../components/services";
import { renderOf } from "../golden/renders";
import { goldenStack } from "../golden/stack";
import { firewallId, ipv4, ipv6 } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { isSecret, open, valueOf } from "./support/recorded-program";

let server: RecordedServer;
beforeAll(async () => {
  server = await recordMailServer();
});

test("the instance is what the stack file asks for, behind its firewall", () => {
  const { inputs } = server.custom("mail");
  const { metadatas, authorizedKeys, ...rest } = inputs;
  expect(rest).toEqual({
    label: "mail.ementech.co.ke",
    region: "eu-central",
    type: "g6-standard-1",
    image: "linode/debian12",
    firewallId: Number(firewallId),
    resizeDisk: true,
    tags: ["mailstack"],
  });
  expect(authorizedKeys).toEqual([expect.stringMatching(/^ssh-ed25519 \S{68}$/)]);
  expect(isSecret(metadatas)).toBe(true);
});

test("the instance starts with the host key that connections expect, and lets the deployer in", () => {
  const [metadata] = open(server.custom("mail").inputs.metadatas) as { userData: string }[];
  const userData = Buffer.from(metadata!.userData, "base64").toString();
  const connection = open(server.custom("mail-host-bootstrap").inputs.connection) as Record<string, string>;
  expect(userData).toMatch(/^#cloud-config\n/);
  expect(userData).toContain(`ed25519_public: ${connection.hostKey}\n`);
  const [deployer] = server.custom("mail").inputs.authorizedKeys as string[];
  expect(userData).toContain(`- ${deployer}\n`);
  expect(userData).not.toContain(connection.privateKey!.split("\n")[2]);
});

test("what cloud-init needs once does not replace the host later", () => {
  const { ignoreChanges, deleteBeforeReplace } = server.custom("mail");
  expect([...ignoreChanges].sort()).toEqual(["authorizedKeys", "firewallId", "metadatas", "rootPass"]);
  // A label is free only when the old host is gone.
  expect(deleteBeforeReplace).toBe(true);
});

test.each([true, false])("only the host and the backups, which hold the mail, are protected: %p", async (protect) => {
  const { registrations } = await recordMailServer({ protect });
  const protectedOnes = registrations.filter((each) => each.protect).map((each) => each.type);
  const holders = ["linode:index/objectStorageBucket:ObjectStorageBucket", "linode:index/instance:Instance"];
  expect(protectedOnes).toEqual(protect ? holders : []);
});

const anywhere = { ipv4s: ["0.0.0.0/0"], ipv6s: ["::/0"] };
const tcp = (label: string, ports: string) => ({ label, ports, action: "ACCEPT", protocol: "TCP", ...anywhere });

test("the firewall lets in these and drops all else", () => {
  const firewall = server.custom("mail-firewall");
  expect(firewall.inputs).toEqual({
    label: "mail.ementech.co.ke",
    inboundPolicy: "DROP",
    outboundPolicy: "ACCEPT",
    inbounds: [
      tcp("ssh", "22"),
      tcp("smtp", "25"),
      tcp("submission", "587"),
      tcp("submissions", "465"),
      tcp("imaps", "993"),
      tcp("pop3s", "995"),
      tcp("http", "80"),
      tcp("https", "443"),
      { label: "icmp", action: "ACCEPT", protocol: "ICMP", ...anywhere },
    ],
    tags: ["mailstack"],
  });
  expect(firewall.ignoreChanges).toEqual(["linodes"]);
});

test("ManageSieve is one port more in both firewalls", () => {
  const labels = (manageSieve: boolean) => {
    const stack = goldenStack("debian12", { manageSieve });
    return inboundRules(["0.0.0.0/0"], true, openPorts(servicesOf(stack), stack)).map(({ label }) => label);
  };
  expect(labels(true).filter((label) => !labels(false).includes(label))).toEqual(["sieve"]);
  const ufw = (manageSieve: boolean) =>
    renderOf("ufw", { manageSieve })("debian12").files["/etc/ufw/user6.rules"]!.content;
  expect([ufw(true).includes("--dport 4190"), ufw(false).includes("4190")]).toEqual([true, false]);
});

test("SSH can be kept to some networks, all else stays open", async () => {
  const narrow = await recordMailServer({ sshAllowedCidrs: ["192.0.2.0/24", "198.51.100.7/32"] });
  const rules = narrow.custom("mail-firewall").inputs.inbounds as object[];
  const ssh = { ...tcp("ssh", "22"), ipv4s: ["192.0.2.0/24", "198.51.100.7/32"], ipv6s: undefined };
  expect(rules).toEqual([ssh, ...(server.custom("mail-firewall").inputs.inbounds as object[]).slice(1)]);
});

test("each address resolves back to the name", () => {
  for (const [name, address] of [
    ["mail-ptr", ipv4],
    ["mail-ptr6", ipv6],
  ] as const) {
    const ptr = server.custom(name);
    expect(ptr.inputs).toEqual({ address, rdns: "mail.ementech.co.ke", waitForAvailable: true });
    expect(ptr.deleteBeforeReplace).toBe(true);
  }
});

test("without IPv6 nothing leads there, and nothing is let in from there", async () => {
  const old = await recordMailServer({ ipv6: false });
  const names = old.registrations.map((each) => each.name);
  expect(names.filter((name) => /ptr6|aaaa/.test(name))).toEqual([]);
  const rules = old.custom("mail-firewall").inputs.inbounds as { ipv6s?: string[] }[];
  expect(rules.flatMap((rule) => rule.ipv6s ?? [])).toEqual([]);
  expect(await valueOf(old.program.result.ipv6)).toBe("");
});

test("every cloud resource has the provider with the stack's own token", () => {
  const provider = (name: string) => {
    const found = server.registrations.find((each) => each.type === `pulumi:providers:${name}`);
    return `${found?.urn}::id-of-${name}`;
  };
  const clouds = server.registrations.filter((each) => each.custom && /^(linode|cloudflare):/.test(each.type));
  expect(clouds).toHaveLength(30);
  expect(clouds.map((each) => each.provider)).toEqual(clouds.map((each) => provider(each.type.split(":")[0]!)));
});

test("what the component tells", async () => {
  const { result, outputs } = server.program;
  expect(result.hostname).toBe("mail.ementech.co.ke");
  expect(await valueOf(result.ipv4)).toBe(ipv4);
  expect(outputs.get(await valueOf(result.urn))).toEqual({
    hostname: "mail.ementech.co.ke",
    ipv4,
    ipv6,
    hostKey: await valueOf(result.hostKey),
    dkim: { "ementech.co.ke": expect.stringMatching(/^v=DKIM1; k=rsa; p=/) as string },
  });
});
