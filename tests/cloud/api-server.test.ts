import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { defaultTokens, hostsToBoot, limitedAcmeDirectory, startApis, zoneId } from "../../local-cloud/api/index";
import { FakeHosts, FakeZones } from "./api/fakes";
import { TestCloud, until } from "./api/test-cloud";

const instance = {
  region: "eu-central",
  type: "g6-standard-1",
  image: "linode/debian13",
  root_pass: "correct-Horse-7",
};
const rules = { inbound: [], inbound_policy: "DROP", outbound: [], outbound_policy: "ACCEPT" };

test("everything is there again after a restart with an empty DNS and empty hosts", async () => {
  const cloud = new TestCloud();
  await cloud.start();
  const { id, ipv4 } = (await cloud.linode("POST", "/linode/instances", { ...instance, label: "one" })).body;
  await until(async () => (await cloud.linode("GET", `/linode/instances/${id}`)).body.status === "running", "runs");
  const off = (await cloud.linode("POST", "/linode/instances", { ...instance, booted: false })).body;
  await cloud.linode("POST", "/networking/firewalls", { label: "wall", rules, devices: { linodes: [id] } });
  const records = `/zones/${zoneId("example.org")}/dns_records`;
  await cloud.cloudflare("POST", records, { type: "A", name: "mail", content: ipv4[0], ttl: 300 });
  await cloud.linode("PUT", `/networking/ips/${ipv4[0]}`, { rdns: "mail.example.org" });
  const domain = (
    await cloud.linode("POST", "/domains", { domain: "d.example", type: "master", soa_email: "a@d.example" })
  ).body;
  await cloud.linode("POST", `/domains/${domain.id}/records`, { type: "TXT", target: "x" });
  const seen = (await cloud.cloudflare("GET", records)).body;
  await until(async () => (await cloud.linode("GET", `/linode/instances/${off.id}`)).body.status === "offline", "off");
  await cloud.stop();

  assert.equal(statSync(cloud.stateFile).mode & 0o777, 0o600, "it holds root passwords");
  const [wanted, ...more] = hostsToBoot(cloud.stateFile);
  assert.deepEqual(
    [wanted!.name, wanted!.image, wanted!.address, more.length],
    [`linode-${id}`, "debian13", ipv4[0], 0],
  );

  cloud.hosts = new FakeHosts();
  cloud.zones = new FakeZones();
  await cloud.start();
  assert.deepEqual(await cloud.zones.lookup("mail.example.org", "A"), ipv4);
  assert.deepEqual(await cloud.zones.lookup("d.example", "TXT"), ['"x"']);
  assert.equal(cloud.zones.pointers.get(ipv4[0]), "mail.example.org");
  assert.equal(cloud.hosts.filters.get(`linode-${id}`)?.inboundPolicy, "DROP");
  assert.deepEqual((await cloud.cloudflare("GET", records)).body, seen);
  assert.equal((await cloud.linode("GET", `/linode/instances/${id}`)).body.status, "offline", "not booted yet");
  await cloud.hosts.boot(wanted!);
  assert.equal((await cloud.linode("GET", `/linode/instances/${id}`)).body.status, "running");
  await cloud.end();
});

test("a deletion that was cut off is ended at the next start", async () => {
  const cloud = new TestCloud();
  await cloud.start();
  const { id } = (await cloud.linode("POST", "/linode/instances", instance)).body;
  await until(async () => (await cloud.linode("GET", `/linode/instances/${id}`)).body.status === "running", "runs");
  await cloud.stop();
  const state = JSON.parse(readFileSync(cloud.stateFile, "utf8"));
  state.linode.instances[0].status = "deleting";
  writeFileSync(cloud.stateFile, JSON.stringify(state));
  assert.deepEqual(hostsToBoot(cloud.stateFile), []);
  await cloud.start();
  await until(async () => (await cloud.linode("GET", `/linode/instances/${id}`)).status === 404, "gone");
  assert.ok(cloud.hosts.calls.includes(`remove linode-${id}`));
  await cloud.end();
});

test("a damaged state file and a busy port are clear errors", async () => {
  const cloud = new TestCloud();
  writeFileSync(cloud.stateFile, '{"version":1');
  await assert.rejects(cloud.start(), new RegExp(`state in ${cloud.stateFile} is damaged`));
  writeFileSync(cloud.stateFile, '{"version":2}');
  await assert.rejects(cloud.start(), /is damaged/);
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const { hosts, zones, objects } = cloud;
  const options = { hosts, zones, objects, address: "127.0.0.1", port, log: () => undefined };
  const stateFile = `${cloud.folder}/other.json`;
  await assert.rejects(
    startApis({ ...options, stateFile, certificateFor: async () => cloud.certificate }),
    /EADDRINUSE/,
  );
  await new Promise((resolve) => busy.close(resolve));
  await cloud.end();
});

test("a DNS that fails changes nothing, and says so", async () => {
  const cloud = new TestCloud();
  await cloud.start();
  const records = `/zones/${zoneId("example.org")}/dns_records`;
  const { replace } = cloud.zones;
  cloud.zones.replace = () => Promise.reject(new Error("name server is down"));
  const answer = await cloud.cloudflare("POST", records, { type: "A", name: "mail", content: "192.0.2.1", ttl: 1 });
  assert.equal(answer.status, 500);
  assert.match(answer.body.errors[0].message, /name server is down/);
  assert.equal((await cloud.cloudflare("GET", records)).body.result.length, 0);
  assert.match(cloud.log.join("\n"), /name server is down/);
  cloud.zones.replace = replace;
  await cloud.end();
});

test("other names are refused, and both APIs want their own token", async () => {
  const cloud = new TestCloud();
  await cloud.start();
  assert.equal(
    (await cloud.call("GET", "https://api.linode.com/v4/regions", undefined, { host: "evil.example" })).status,
    421,
  );
  const wrong = { authorization: `Bearer ${defaultTokens.cloudflare}` };
  assert.equal((await cloud.call("GET", "https://api.linode.com/v4/account", undefined, wrong)).status, 401);
  assert.equal((await cloud.cloudflare("GET", "/zones", undefined, defaultTokens.linode)).status, 403);
  await cloud.end();
});

test("the ACME name shows Pebble unchanged under the public name", async () => {
  const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const cloud = new TestCloud();
  const pebble = createServer(cloud.certificate, (request, reply) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      reply.setHeader("replay-nonce", "n1").setHeader("location", `https://${request.headers.host}/acct/1`);
      reply.setHeader("link", ['<https://x/dir>;rel="index"', '<https://x/tos>;rel="terms-of-service"']);
      reply.setHeader("content-type", "application/problem+json; charset=utf-8").writeHead(201);
      reply.end(request.method === "HEAD" ? undefined : `{"newNonce":"https://${request.headers.host}/nonce"}`);
    });
  });
  await new Promise<void>((resolve) => pebble.listen(0, "127.0.0.1", resolve));
  const acmeUpstream = `https://127.0.0.1:${(pebble.address() as AddressInfo).port}`;
  const server = new TestCloud({ acmeUpstream });
  await server.start();
  const base = "https://acme-v02.api.letsencrypt.org";
  const directory = await server.call("GET", `${base}/directory`);
  assert.equal(seen[0]!.url, "/dir");
  assert.equal(seen[0]!.headers.host, "acme-v02.api.letsencrypt.org");
  assert.deepEqual(directory.body, { newNonce: `${base}/nonce` });
  const jose = '{"protected": "eyJ",\n "payload":""}';
  const order = await server.call("POST", `${base}/order-plz?x=1`, jose, { "content-type": "application/jose+json" });
  assert.deepEqual([seen[1]!.method, seen[1]!.url, seen[1]!.body], ["POST", "/order-plz?x=1", jose]);
  assert.equal(seen[1]!.headers["content-type"], "application/jose+json");
  assert.equal(order.status, 201);
  assert.equal(order.headers["replay-nonce"], "n1");
  assert.equal(order.headers.location, `${base}/acct/1`);
  assert.match(String(order.headers.link), /rel="index".*rel="terms-of-service"/);
  const head = await server.call("HEAD", `${base}/nonce-plz`);
  assert.deepEqual([head.status, head.headers["replay-nonce"], head.text], [201, "n1", ""]);
  const limited = await server.call("GET", limitedAcmeDirectory);
  assert.deepEqual(limited.body, { newNonce: `${base}/nonce`, newOrder: `${base}/limited/order` });
  const refused = await server.call("POST", `${base}/limited/order`, jose, { "content-type": "application/jose+json" });
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "122400"]);
  assert.match(refused.text, /error:rateLimited.*retry after \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  pebble.closeAllConnections();
  await new Promise((resolve) => pebble.close(resolve));
  const gone = await server.call("GET", `${base}/directory`);
  assert.equal(gone.status, 502);
  assert.match(gone.text, /ACME server does not answer/);
  await server.end();
  await cloud.end();
});
