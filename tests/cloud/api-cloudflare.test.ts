import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { defaultTokens, zoneId } from "../../local-cloud/api/index";
import { TestCloud } from "./api/test-cloud";

// Requests as the vendor's documentation has them, to the emulated API by its real address.

const reader = "reader-000000000000000000000000000000001";
const limited = "limited-00000000000000000000000000000001";
const cloud = new TestCloud({
  tokens: {
    cloudflare: [
      { token: defaultTokens.cloudflare },
      { token: reader, dns: "read" },
      { token: limited, zones: ["other.example"] },
    ],
  },
});
const zone_id = createHash("md5").update("example.org").digest("hex");

before(() => cloud.start());
after(() => cloud.end());

/** A record, or another object of the API. */
type Found = Record<string, unknown> & { id: string };

/** A call that the API refused; the message is the status with the codes and reasons. */
class Refused extends Error {}

/** The calls of one token. */
function clientOf(token: string) {
  const send = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const { status, body: answer } = await cloud.cloudflare(method, path, body, token);
    const { errors, result } = answer as { errors: { code: number; message: string }[]; result: T };
    if (status >= 300) throw new Refused(`${status} ${errors.map((one) => `${one.code} ${one.message}`).join("; ")}`);
    return result;
  };
  const records = (zone = zone_id) => `/zones/${zone}/dns_records`;
  return {
    verify: () => send<{ status: string }>("GET", "/user/tokens/verify"),
    zones: (query: Record<string, string> = {}) => send<Found[]>("GET", `/zones?${new URLSearchParams(query)}`),
    zone: (id: string) => send<Found>("GET", `/zones/${id}`),
    create: (record: object, zone?: string) => send<Found>("POST", records(zone), { ttl: 1, ...record }),
    get: (id: string) => send<Found>("GET", `${records()}/${id}`),
    list: (query: Record<string, string> = {}, zone?: string) =>
      send<Found[]>("GET", `${records(zone)}?${new URLSearchParams(query)}`),
    put: (id: string, record: object) => send<Found>("PUT", `${records()}/${id}`, record),
    patch: (id: string, change: object) => send<Found>("PATCH", `${records()}/${id}`, change),
    remove: (id: string) => send<Found>("DELETE", `${records()}/${id}`),
  };
}

const client = clientOf(defaultTokens.cloudflare);
const { create } = client;
const served = (name: string, type: string) => cloud.zones.lookup(name, type);

/** Status and code of a refused call. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
  return "accepted";
}

test("zones have stable ids and are found by name", async () => {
  const found = await client.zones({ name: "Example.org" });
  assert.deepEqual(
    found.map(({ id, name, status }) => [id, name, status]),
    [[zone_id, "example.org", "active"]],
  );
  assert.equal(zoneId("example.org"), zone_id);
  assert.equal((await client.zone(zone_id)).name, "example.org");
  // Below the documented minimum; certbot asks so, and the real API answers.
  assert.equal((await client.zones({ per_page: "1" })).length, 1);
  assert.equal((await client.zones()).length, 2);
  assert.ok(cloud.zones.zones.has("example.org"));
});

test("records take the API's normal form and are served", async () => {
  const a = await create({ type: "A", name: "MAIL", content: "192.0.2.1", ttl: 300 });
  assert.deepEqual(
    [a.name, a.content, a.ttl, a.proxied, a.proxiable],
    ["mail.example.org", "192.0.2.1", 300, false, true],
  );
  const six = await create({ type: "AAAA", name: "mail.example.org.", content: "2001:DB8:0:0::1" });
  assert.equal(six.content, "2001:db8::1");
  const mx = await create({ type: "MX", name: "@", content: "Mail.Example.org.", priority: 10 });
  assert.deepEqual([mx.name, mx.content, mx.priority], ["example.org", "mail.example.org", 10]);
  const txt = await create({ type: "TXT", name: "example.org", content: "v=spf1 mx -all" });
  assert.equal(txt.content, '"v=spf1 mx -all"');
  // certbot finds its challenges so, to take them away.
  for (const content of ["v=spf1 mx -all", '"v=spf1 mx -all"'])
    assert.equal((await client.list({ type: "TXT", "content.exact": content }))[0]?.id, txt.id);
  const long = await create({ type: "TXT", name: "key", content: `"${"k".repeat(300)}"` });
  assert.equal(long.content, `"${"k".repeat(255)}" "${"k".repeat(45)}"`);
  const parts = await create({ type: "TXT", name: "key2", content: `"${"a".repeat(200)}"   "${"b".repeat(100)}"` });
  assert.equal(parts.content, `"${"a".repeat(200)}" "${"b".repeat(100)}"`, "chunks stay as they were sent");
  const srv = await create({
    type: "SRV",
    name: "_imaps._tcp",
    data: { priority: 0, weight: 1, port: 993, target: "mail.example.org" },
  });
  assert.deepEqual([srv.content, srv.priority], ["1 993 mail.example.org", 0]);
  const caa = await create({ type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "letsencrypt.org" } });
  assert.equal(caa.content, '0 issue "letsencrypt.org"');
  await create({
    type: "TLSA",
    name: "_25._tcp.mail",
    data: { usage: 3, selector: 1, matching_type: 1, certificate: "AB".repeat(32) },
  });

  assert.deepEqual(await served("mail.example.org", "A"), ["192.0.2.1"]);
  assert.deepEqual(await served("mail.example.org", "AAAA"), ["2001:db8::1"]);
  assert.deepEqual(await served("example.org", "MX"), ["10 mail.example.org."]);
  assert.deepEqual(await served("example.org", "TXT"), ['"v=spf1 mx -all"']);
  assert.deepEqual(await served("_imaps._tcp.example.org", "SRV"), ["0 1 993 mail.example.org."]);
  assert.deepEqual(await served("example.org", "CAA"), ['0 issue "letsencrypt.org"']);
  assert.deepEqual(await served("_25._tcp.mail.example.org", "TLSA"), [`3 1 1 ${"ab".repeat(32)}`]);
  const sets = cloud.zones.zones.get("example.org")!;
  assert.equal(sets.get("mail.example.org A")!.ttl, 300);
  assert.equal(sets.get("example.org MX")!.ttl, 300, "automatic");
});

test("get, list, put, patch and delete", async () => {
  const { id } = await create({ type: "A", name: "www", content: "192.0.2.2", comment: "first" });
  assert.equal((await client.get(id)).content, "192.0.2.2");
  const put = { type: "A", name: "www.example.org", content: "192.0.2.3", ttl: 120 };
  const after = await client.put(id, put);
  assert.deepEqual([after.id, after.content, after.comment], [id, "192.0.2.3", null]);
  assert.deepEqual((await client.patch(id, { ttl: 60 })).ttl, 60);
  assert.deepEqual(await served("www.example.org", "A"), ["192.0.2.3"]);
  await create({ type: "A", name: "www", content: "192.0.2.4" });
  assert.deepEqual(await served("www.example.org", "A"), ["192.0.2.3", "192.0.2.4"]);
  const list = await client.list({ type: "A", "name.exact": "www.example.org" });
  assert.deepEqual(
    list.map(({ content }) => content),
    ["192.0.2.3", "192.0.2.4"],
  );
  assert.equal((await client.list({ per_page: "1" })).length, 1);
  const all = new Set<string>();
  for (let page = 1, found = [{ id: "" }]; found.length > 0; page++) {
    found = await client.list({ per_page: "4", page: String(page) });
    for (const { id: one } of found) all.add(one);
  }
  assert.equal(all.size, (await client.list()).length);
  // A renamed record leaves nothing at its old name.
  await client.put(id, { ...put, name: "web.example.org" });
  assert.deepEqual(await served("www.example.org", "A"), ["192.0.2.4"]);
  assert.deepEqual(await served("web.example.org", "A"), ["192.0.2.3"]);
  await client.remove(id);
  assert.deepEqual(await served("web.example.org", "A"), []);
  assert.match(await refusal(client.get(id)), /^404 81044 /);
});

test("what the real API refuses is refused, and not served", async () => {
  await create({ type: "A", name: "dup", content: "192.0.2.9" });
  await create({ type: "CNAME", name: "alias", content: "dup.example.org" });
  const cases: [object, RegExp][] = [
    [{ type: "A", name: "DUP.example.org", content: "192.0.2.9", ttl: 60 }, /^400 81058 An identical record/],
    [{ type: "CNAME", name: "dup", content: "x.example.org" }, /^400 81053 /],
    [{ type: "A", name: "alias", content: "192.0.2.1" }, /^400 81054 /],
    [{ type: "TXT", name: "alias", content: "x" }, /^400 81054 /],
    [{ type: "A", name: "x", content: "not an address" }, /^400 9005 /],
    [{ type: "A", name: "x", content: "2001:db8::1" }, /^400 9005 /],
    [{ type: "AAAA", name: "x", content: "192.0.2.1" }, /^400 9006 /],
    [{ type: "CNAME", name: "x", content: "192.0.2.1" }, /^400 9007 /],
    [{ type: "MX", name: "x", content: "mail.example.org" }, /^400 9018 Priority/],
    [{ type: "MX", name: "x", content: "192.0.2.1", priority: 1 }, /^400 9009 /],
    [{ type: "A", name: "x", content: "192.0.2.1", ttl: 5 }, /^400 9021 Invalid TTL/],
    [{ type: "A", name: "x", content: "192.0.2.1", ttl: 90000 }, /^400 9021 /],
    [{ type: "MX", name: "x", content: "mail.example.org", priority: 1, proxied: true }, /^400 9004 /],
    [{ type: "SRV", name: "_a._tcp", data: { port: 1 } }, /^400 9101 /],
    [{ type: "SRV", name: "nothing", data: { priority: 0, weight: 0, port: 1, target: "a.example" } }, /^400 9101 /],
    [{ type: "CAA", name: "x", content: '0 issue "a"' }, /^400 9103 /],
    [{ type: "NOPE", name: "x", content: "y" }, /^400 9001 /],
    [{ type: "HTTPS", name: "x", content: "y" }, /^400 9000 The local cloud does not serve/],
    [{ type: "A", name: "x", content: "192.0.2.1", typo: 1 }, /^400 9207 .*typo/],
    [{ type: "A", name: "bad name", content: "192.0.2.1" }, /^400 9000 /],
  ];
  const before = JSON.stringify([...cloud.zones.zones].map(([zone, sets]) => [zone, [...sets]]));
  for (const [record, reason] of cases) assert.match(await refusal(create(record)), reason, JSON.stringify(record));
  assert.equal(JSON.stringify([...cloud.zones.zones].map(([zone, sets]) => [zone, [...sets]])), before);
});

test("a proxied name is answered with the proxy's address, with automatic TTL", async () => {
  const record = await create({ type: "A", name: "shop", content: "192.0.2.5", ttl: 3600, proxied: true });
  assert.deepEqual([record.content, record.ttl, record.proxied], ["192.0.2.5", 1, true]);
  assert.deepEqual(await served("shop.example.org", "A"), ["198.51.100.3"]);
});

test("a token can do what it may, and no more", async () => {
  assert.equal((await client.verify()).status, "active");
  const read = clientOf(reader);
  assert.ok((await read.list()).length > 0);
  const record = { type: "A", name: "no", content: "192.0.2.1" };
  assert.equal(await refusal(read.create(record)), "403 10000 Authentication error");
  const other = clientOf(limited);
  assert.deepEqual(
    (await other.zones()).map(({ name }) => name),
    ["other.example"],
  );
  assert.match(await refusal(other.zone(zone_id)), /^403 9109 Unauthorized/);
  assert.match(await refusal(other.create(record)), /^403 9109 Unauthorized/);
  await other.create(record, zoneId("other.example"));
  assert.match(await refusal(clientOf("wrong-000000000000000000000000000000001").verify()), /^40[13] /);
  assert.match(await refusal(client.list({}, "0".repeat(32))), /^403 9109 /);
  assert.match(await refusal(client.list({}, "example.org")), /^404 7003 /);
  assert.equal((await cloud.cloudflare("GET", "/zones/x/settings")).status, 501);
});

test("equal requests at the same moment: one is refused", async () => {
  const same = () => refusal(create({ type: "A", name: "race", content: "192.0.2.1" }));
  const results = await Promise.all([same(), same(), same()]);
  assert.equal(results.filter((result) => result === "accepted").length, 1, results.join(" | "));
});
