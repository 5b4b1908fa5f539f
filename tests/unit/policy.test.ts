import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dmarcEnforced } from "../../policy/dmarc-enforced";
import { hostKey } from "../../policy/host-key";
import { protectedHost } from "../../policy/protected-host";
import { isProduction, type Looked } from "../../policy/rule";
import { rules } from "../../policy/rules";
import { recordMailServer } from "./support/mail-server";
import { open } from "./support/recorded-program";

const looked = (type: string, props: object, { stack = "prod", protect = false } = {}): Looked => ({
  type,
  props,
  name: "it",
  urn: `urn:pulumi:${stack}::mailstack::${type}::it`,
  opts: { protect },
});

test.each([
  ["prod", true],
  ["production", true],
  ["prod-eu", true],
  ["product-test", false],
  ["local", false],
])("the stack %s is production: %s", (stack, is) => {
  expect(isProduction(looked("a:b:C", {}, { stack }))).toBe(is);
});

describe("protected-host", () => {
  test.each(["linode:index/instance:Instance", "linode:index/volume:Volume"])(
    "production's %s is protected",
    (type) => {
      expect(protectedHost.check(looked(type, {}))).toEqual(["it is not protected; set mailstack:protect to true"]);
      expect(protectedHost.check(looked(type, {}, { protect: true }))).toEqual([]);
      expect(protectedHost.check(looked(type, {}, { stack: "local" }))).toEqual([]);
    },
  );
});

describe("dmarc-enforced", () => {
  const cloudflare = (name: string, content: string, stack?: string) =>
    looked("cloudflare:index/dnsRecord:DnsRecord", { type: "TXT", name, content }, { stack });
  const linode = (name: string, target: string) =>
    looked("linode:index/domainRecord:DomainRecord", { recordType: "TXT", name, target });

  test.each([
    ["p=none", "v=DMARC1; p=none; aspf=s"],
    ["p=none in another spelling", "v=DMARC1;P = None"],
    ["names below without a policy", "v=DMARC1; p=reject; sp=none"],
    ["no policy", "v=DMARC1; rua=mailto:a@example.org"],
  ])("%s is refused at both providers", (_, text) => {
    const line = (shown: string) => [`it is "${shown}"; set mailstack:dmarcPolicy to quarantine or reject`];
    const quoted = `"${text}"`;
    expect(dmarcEnforced.check(cloudflare("_dmarc.example.org", quoted))).toEqual(line(quoted));
    expect(dmarcEnforced.check(linode("_dmarc", text))).toEqual(line(text));
    expect(dmarcEnforced.check(linode("_dmarc.shop", text))).toEqual(line(text));
  });

  test.each(["v=DMARC1; p=quarantine; aspf=s", "v=DMARC1; p=reject; sp=quarantine"])("%s is good", (text) => {
    expect(dmarcEnforced.check(cloudflare("_dmarc.example.org", `"${text}"`))).toEqual([]);
    expect(dmarcEnforced.check(linode("_dmarc", text))).toEqual([]);
  });

  test("other records and other stacks are not looked at", () => {
    expect(dmarcEnforced.check(cloudflare("example.org", '"v=spf1 -all"'))).toEqual([]);
    expect(dmarcEnforced.check(cloudflare("_dmarc.example.org", '"v=DMARC1; p=none"', "local"))).toEqual([]);
  });
});

describe("host-key", () => {
  const connection = (of: object) => looked("command:remote:Command", { connection: of }, { stack: "local" });
  const refused = (host: string) => [`it takes any host that answers at ${host}; give its connection a hostKey`];

  test("a connection without a key is refused on every stack, and so is its proxy's", () => {
    expect(hostKey.check(connection({ host: "192.0.2.1" }))).toEqual(refused("192.0.2.1"));
    expect(hostKey.check(connection({ host: "192.0.2.1", hostKey: "" }))).toEqual(refused("192.0.2.1"));
    const proxy = { host: "192.0.2.2" };
    expect(hostKey.check(connection({ host: "192.0.2.1", hostKey: "k", proxy }))).toEqual(refused("192.0.2.2"));
    expect(hostKey.check(looked("command:remote:CopyToRemote", {}))).toEqual(refused("its address"));
  });

  test("with a key it is good, and local commands have none", () => {
    expect(hostKey.check(connection({ host: "192.0.2.1", hostKey: "ssh-ed25519 AAAA" }))).toEqual([]);
    expect(hostKey.check(looked("command:local:Command", {}))).toEqual([]);
  });
});

describe("production's own stack", () => {
  const wrong = async (change: object) => {
    const { registrations } = await recordMailServer({ volumeGb: 40, ...change });
    return rules.map(({ name, check }) => [
      name,
      registrations.flatMap((each) => {
        const props = Object.fromEntries(Object.entries(each.inputs).map(([key, value]) => [key, open(value)]));
        return check({ ...each, props, urn: each.urn.replace(":test::", ":prod::"), opts: { protect: each.protect } });
      }).length,
    ]);
  };

  test("no rule has anything against it", async () => {
    expect(await wrong({})).toEqual([
      ["protected-host", 0],
      ["dmarc-enforced", 0],
      ["host-key", 0],
    ]);
  });

  test("each rule sees it when a setting is turned the other way", async () => {
    expect(await wrong({ protect: false, dmarcPolicy: "none" })).toEqual([
      ["protected-host", 2],
      ["dmarc-enforced", 1],
      ["host-key", 0],
    ]);
  });
});

test("the pack pins the release of the SDK that it is tested with", () => {
  const dependencies = (file: string) =>
    JSON.parse(readFileSync(join(__dirname, "../..", file), "utf8")) as Record<string, Record<string, string>>;
  expect(dependencies("policy/package.json").dependencies).toEqual({
    "@pulumi/policy": dependencies("package.json").devDependencies?.["@pulumi/policy"],
  });
});
