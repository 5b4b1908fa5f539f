/** The linode and cloudflare plugins (stand-ins, or the vendor's) by the real CLI against the emulated APIs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { zoneId } from "../../local-cloud/api";
import { ProvidersCloud } from "./providers-cloud";
import { engineUnderTest } from "./providers-engine";

const up = ["up", "--yes", "--skip-preview"];
/** What the program has after the first changes. */
const later = { label: "mail-two", rules: 2, volume: 12, text: '"v=spf1 -all"', priority: 20, type: "g6-standard-2" };
const instanceUrn = "linode:index/instance:Instance::vm";

/** Counts in the CLI's summary. */
function summary(text: string): Record<string, number> {
  const lines = /Resources:\n((?: {4}.*\n)+)/.exec(text)?.[1] ?? "";
  return Object.fromEntries([...lines.matchAll(/(\d+) (\w+)/g)].map(([, count, what]) => [what, Number(count)]));
}

describe("providers", { concurrency: false }, () => {
  let cloud: ProvidersCloud;
  before(async () => {
    cloud = await ProvidersCloud.start(await engineUnderTest());
  });
  after(() => cloud?.close());

  const output = async (urn: string, name: string): Promise<unknown> =>
    (await cloud.resources()).get(urn)!.outputs[name];
  const instanceId = async (): Promise<string> => (await cloud.resources()).get(instanceUrn)!.id!;
  const record = async (type: string): Promise<string | undefined> =>
    (await cloud.apiState()).cloudflare.records.find((one) => one.type === type)?.content;

  it("up makes everything, and a second up changes nothing", async () => {
    const first = await cloud.succeed(...up);
    assert.deepEqual(summary(first), { created: 16 }, first);
    assert.equal(cloud.hosts.running.size, 1);
    const [host] = cloud.hosts.running.values();
    assert.equal(host!.userData, "#cloud-config\n");
    assert.equal(host!.rootPassword, "Only-for-the-test-7");
    assert.equal(cloud.zones.pointers.get("198.51.100.20"), "mail.ementech.co.ke");
    const again = await cloud.succeed(...up);
    assert.deepEqual(summary(again), { unchanged: 16 }, again);
    const diff = await cloud.succeed("preview", "--diff");
    assert.deepEqual(summary(diff), { unchanged: 16 }, diff);
  });

  it("no secret is readable in the state", async () => {
    const text = await cloud.succeed("stack", "export");
    const { secretKey } = (await cloud.apiState()).linode.objectKeys[0]!;
    for (const secret of ["Only-for-the-test-7", "10ca1c10d0", "local-cloud-token", secretKey])
      assert.ok(!text.includes(secret), secret);
  });

  it("outputs are what a program may rely on", async () => {
    const { outputs } = (await cloud.resources()).get(instanceUrn)!;
    const { ipAddress, ipv4s, status, hasUserData, label, type } = outputs;
    assert.deepEqual(
      { ipAddress, ipv4s, status, hasUserData, label, type },
      {
        ipAddress: "198.51.100.20",
        ipv4s: ["198.51.100.20"],
        status: "running",
        hasUserData: true,
        label: "mail-one",
        type: "g6-standard-1",
      },
    );
    assert.match(String(outputs.ipv6), /^2001:db8::.*\/128$/);
    const [specs] = outputs.specs as Record<string, number>[];
    assert.equal(specs!.memory, 2048);
  });

  it("a time of a record is a time, or is not there", async () => {
    const records = [...(await cloud.resources())].filter(([urn]) => urn.startsWith("cloudflare:"));
    assert.ok(records.length > 0);
    for (const [urn, { outputs }] of records) {
      const times = Object.entries(outputs).filter(([name]) => /(?:On|At)$/.test(name));
      assert.ok(Object.keys(Object.fromEntries(times)).includes("createdOn"), urn);
      for (const [name, value] of times)
        assert.ok(value === null || !Number.isNaN(Date.parse(String(value))), `${urn}: ${name} is "${String(value)}"`);
    }
  });

  it("refresh finds nothing changed", async () => {
    const text = await cloud.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    assert.deepEqual(summary(text), { unchanged: 16 }, text);
  });

  it("updates in place what can be updated", async () => {
    const id = await instanceId();
    await cloud.configure({ label: "mail-two", rules: 2, volume: 12, text: '"v=spf1 -all"', priority: 20 });
    const preview = await cloud.succeed("preview", "--diff");
    assert.match(preview, /label\s*:\s*"mail-one" => "mail-two"/, preview);
    const text = await cloud.succeed(...up);
    assert.deepEqual(summary(text), { updated: 5, unchanged: 11 }, text);
    assert.equal((await cloud.apiState()).linode.instances[0]!.label, "mail-two");
    assert.equal(await instanceId(), id);
    assert.equal(await record("TXT"), '"v=spf1 -all"');
    assert.equal((await cloud.apiState()).linode.volumes[0]!.size, 12);
    assert.deepEqual(await cloud.zones.lookup("ementech.co.ke", "MX"), ["20 mail.ementech.co.ke."]);
    assert.deepEqual(summary(await cloud.succeed(...up)), { unchanged: 16 });
  });

  it("refresh takes over what somebody changed by hand, and up puts it back", async () => {
    const { linode } = await cloud.apiState();
    await cloud.request("PUT", `/v4/linode/instances/${linode.instances[0]!.id}`, { label: "by-hand" });
    const refreshed = await cloud.succeed("refresh", "--yes", "--skip-preview");
    assert.equal(summary(refreshed).updated, 1, refreshed);
    assert.equal(await output(instanceUrn, "label"), "by-hand");
    const text = await cloud.succeed(...up);
    assert.equal(summary(text).updated, 1, text);
    assert.equal((await cloud.apiState()).linode.instances[0]!.label, "mail-two");
  });

  it("makes again what somebody deleted by hand", async () => {
    const found = (await cloud.apiState()).cloudflare.records.find((one) => one.type === "CAA")!;
    const zone = zoneId("ementech.co.ke");
    await cloud.request("DELETE", `/client/v4/zones/${zone}/dns_records/${found.id}`);
    await cloud.succeed("refresh", "--yes", "--skip-preview");
    const text = await cloud.succeed(...up);
    assert.deepEqual(summary(text), { created: 1, unchanged: 15 }, text);
    assert.equal(await record("CAA"), '0 issue "letsencrypt.org"');
  });

  it("gives the instance another plan without replacing it", async () => {
    const id = await instanceId();
    await cloud.configure(later);
    const text = await cloud.succeed(...up);
    assert.equal(summary(text).updated, 1, text);
    assert.equal(await instanceId(), id);
    assert.equal([...cloud.hosts.running.values()][0]!.memoryMiB, 4096);
    assert.equal(await output(instanceUrn, "status"), "running");
  });

  it("replaces the instance for another image", async () => {
    const id = await instanceId();
    await cloud.configure({
      label: "mail-two",
      rules: 2,
      volume: 12,
      text: '"v=spf1 -all"',
      priority: 20,
      image: "linode/debian13",
    });
    const text = await cloud.succeed(...up);
    // The reverse name goes first: its address is not known while the instance is away.
    assert.equal(summary(text).replaced, 2, text);
    assert.notEqual(await instanceId(), id);
    const { instances } = (await cloud.apiState()).linode;
    assert.equal(instances.length, 1);
    assert.equal([...cloud.hosts.running.values()][0]!.image, "debian13");
    // The volume is the same one, with its data, on the new instance.
    const [volume] = cloud.hosts.volumes.values();
    assert.equal(volume?.host, `linode-${instances[0]!.id}`);
    assert.deepEqual(summary(await cloud.succeed(...up)), { unchanged: 16 });
  });

  it("imports a record and an instance that exist, after they were forgotten", async () => {
    const resources = await cloud.resources();
    const txt = resources.get("cloudflare:index/dnsRecord:DnsRecord::txt")!;
    const rdns = resources.get("linode:index/rdns:Rdns::rdns")!;
    for (const one of [txt, rdns]) await cloud.succeed("state", "delete", one.urn, "--yes");
    const providers = [...resources.values()].filter((one) => one.type.startsWith("pulumi:providers:"));
    const provider = (name: string): string => `${name}=${providers.find((one) => one.type.endsWith(name))!.urn}`;
    const options = ["--yes", "--skip-preview", "--protect=false", "--generate-code=false"];
    const txtId = `${zoneId("ementech.co.ke")}/${txt.id}`;
    await cloud.succeed("import", txt.type, "txt", txtId, "--provider", provider("cloudflare"), ...options);
    await cloud.succeed("import", rdns.type, "rdns", rdns.id!, "--provider", provider("linode"), ...options);
    const imported = await cloud.resources();
    assert.equal(imported.get("cloudflare:index/dnsRecord:DnsRecord::txt")!.id, txt.id);
    const text = await cloud.succeed(...up);
    // The imported reverse name does not know yet that it shall wait.
    assert.equal(summary(text).created, undefined, text);
    assert.equal(summary(text).replaced, undefined, text);
    assert.deepEqual(summary(await cloud.succeed(...up)), { unchanged: 16 });
  });

  it("says in the API's words why something was refused, and never a token", async () => {
    const again = { ...later, image: "linode/debian13" };
    await cloud.configure({ ...again, label: "x..y" });
    const { code, text } = await cloud.pulumi(...up);
    assert.notEqual(code, 0);
    assert.match(text, /linode:index:Instance \(vm\):\n\s+error:/, text);
    assert.match(text, /\[label\]/, text);
    await cloud.configure(
      { ...again, text: "nonsense" },
      { cloudflareToken: "wrong-token-of-cloudflare-0000000000001x" },
    );
    const refused = await cloud.pulumi(...up);
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /Invalid access token/);
    // The next commands use the provider of the last run.
    await cloud.configure(again);
    await cloud.succeed(...up);
    assert.doesNotMatch(refused.text, /wrong-token-of-cloudflare-0000000000001x|local-cloud-token|10ca1c10d0/);
  });

  it("destroy leaves nothing behind", async () => {
    await cloud.succeed("destroy", "--yes", "--skip-preview");
    const { linode, cloudflare } = await cloud.apiState();
    const { instances, firewalls, domains, volumes, buckets, objectKeys } = linode;
    const left = { instances, firewalls, domains, volumes, buckets, objectKeys, records: cloudflare.records };
    for (const [what, those] of Object.entries(left)) assert.deepEqual(those, [], what);
    assert.equal(cloud.hosts.running.size, 0);
    assert.equal(cloud.zones.pointers.size, 0);
    assert.equal((await cloud.resources()).size, 0);
  });

  it("APIs that ask for patience (429) are asked again: everything is made, once, and goes again", async () => {
    const refused = new Set<string>();
    cloud.tooMany = (request) => {
      const isFirst = !refused.has(request);
      refused.add(request);
      return isFirst;
    };
    try {
      const made = await cloud.succeed(...up);
      assert.deepEqual(summary(made), { created: 16 }, made);
      const { instances, firewalls } = (await cloud.apiState()).linode;
      assert.deepEqual([instances.length, firewalls.length], [1, 1]);
      await cloud.succeed("destroy", "--yes", "--skip-preview");
    } finally {
      cloud.tooMany = () => false;
    }
    assert.ok(refused.has("POST /v4/linode/instances"), [...refused].join("\n"));
    assert.deepEqual((await cloud.apiState()).linode.instances, []);
  });
});
