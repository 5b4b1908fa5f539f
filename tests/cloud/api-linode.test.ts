import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api/index";
import { type APIError, type DomainRecord, type Linode, linode } from "./api/linode-client";
import { TestCloud, until } from "./api/test-cloud";

// The vendor's own client against the emulated API, by its real address.

const cloud = new TestCloud();
const key = `ssh-ed25519 ${"A".repeat(68)} test`;
const wanted = {
  region: "eu-central",
  type: "g6-standard-1",
  image: "linode/debian12",
  authorized_keys: [key],
  root_pass: "correct-Horse-7",
};

before(async () => {
  await cloud.start();
  linode.setToken(defaultTokens.linode);
  linode.baseRequest.interceptors.request.use((config) => ({ ...config, httpsAgent: cloud.agent, proxy: false }));
});
after(() => cloud.end());

/** The reasons of a refused call, `field: reason`. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    // The client's own checks throw the list itself, the server's come inside an answer.
    const answered = (error as { response?: { data: { errors: APIError[] } } }).response?.data.errors;
    return (answered ?? (error as APIError[])).map(({ field, reason }) => `${field ?? ""}: ${reason}`).join("; ");
  }
  return "accepted";
}

async function running(id: number): Promise<Linode> {
  await until(async () => (await linode.getLinode(id)).status === "running", "instance runs");
  return linode.getLinode(id);
}

async function deleted(id: number): Promise<void> {
  await linode.deleteLinode(id);
  const filter = { action: "linode_delete", "entity.id": id, "+order": "desc", "+order_by": "created" };
  await until(async () => {
    const { data } = await linode.getEvents({ page: 1 }, filter);
    return data.length === 1 && data[0]!.status === "finished";
  }, "linode_delete finished");
}

test("plans, regions and images are the real ones", async () => {
  const types = await linode.getLinodeTypes();
  assert.equal(types.data.find(({ id }) => id === "g6-standard-1")?.memory, 2048);
  assert.equal(types.data.find(({ id }) => id === "g6-nanode-1")?.memory, 1024);
  assert.ok((await linode.getRegions()).data.some(({ id }) => id === "eu-central"));
  assert.equal((await linode.getImage("linode/debian13")).label, "Debian 13");
  assert.deepEqual((await cloud.linode("GET", "/linode/types?page=100")).body.data, []);
});

test("a Linode boots with what it was given, and leaves nothing behind", async () => {
  cloud.hosts.bootTime = 50;
  const user_data = Buffer.from("#cloud-config\nhostname: ü\n").toString("base64");
  const made = await linode.createLinode({
    ...wanted,
    label: "one",
    metadata: { user_data },
    root_pass: "correct-Horse-7",
  });
  assert.equal(made.status, "provisioning");
  assert.match(made.ipv6!, /^2001:db8::[0-9a-f:]+\/128$/);
  const seen = await running(made.id);
  assert.equal(seen.has_user_data, true);
  assert.deepEqual(cloud.hosts.running.get(`linode-${made.id}`), {
    name: `linode-${made.id}`,
    image: "debian12",
    address: seen.ipv4[0],
    address6: seen.ipv6!.split("/")[0],
    hostname: "one",
    memoryMiB: 2048,
    authorizedKeys: [key],
    userData: "#cloud-config\nhostname: ü\n",
    rootPassword: "correct-Horse-7",
  });
  const defaultName = `${seen.ipv4[0]!.replaceAll(".", "-")}.ip.linodeusercontent.com`;
  assert.equal(cloud.zones.pointers.get(seen.ipv4[0]!), defaultName);
  assert.deepEqual(await cloud.zones.lookup(defaultName, "A"), seen.ipv4);
  const ips = await linode.getLinodeIPs(made.id);
  assert.equal(ips.ipv4.public[0]?.rdns, defaultName);
  assert.equal((await linode.getLinodeDisks(made.id)).data.length, 2);
  assert.equal((await linode.getLinodeConfigs(made.id)).results, 1);

  await deleted(made.id);
  assert.deepEqual([cloud.hosts.known.size, cloud.zones.pointers.size], [0, 0]);
  assert.deepEqual(await cloud.zones.lookup(defaultName, "A"), []);
  assert.match(await refusal(linode.getLinode(made.id)), /Not found/);
  cloud.hosts.bootTime = 0;
});

test("a boot that fails is told in its event", async () => {
  cloud.hosts.failBoot = "no space left";
  const { id } = await linode.createLinode({ ...wanted });
  const event = async () => (await linode.getEvents({}, { action: "linode_boot", "entity.id": id })).data[0];
  await until(async () => (await event())?.status === "failed", "linode_boot failed");
  assert.match((await event())!.message!, /no space left/);
  assert.equal((await linode.getLinode(id)).status, "offline");
  cloud.hosts.failBoot = undefined;
  await linode.linodeBoot(id);
  await running(id);
  await deleted(id);
});

test("a Linode that is deleted while it boots is removed after that, and its label is free at once", async () => {
  cloud.hosts.bootTime = 1000;
  const { id } = await linode.createLinode({ ...wanted, label: "brief" });
  const host = `linode-${id}`;
  await until(async () => cloud.hosts.calls.includes(`boot ${host}`), "it boots");
  await linode.deleteLinode(id);
  const next = await linode.createLinode({ ...wanted, label: "brief" });
  await until(async () => (await refusal(linode.getLinode(id))).includes("Not found"), "it is gone");
  assert.deepEqual([cloud.hosts.running.has(host), cloud.hosts.known.has(host)], [false, false]);
  await running(next.id);
  assert.ok(!cloud.hosts.running.has(host), "it was booted after it was removed");
  cloud.hosts.bootTime = 0;
  await deleted(next.id);
});

test("what the real API refuses is refused", async () => {
  const create = (more: object) =>
    refusal(
      linode.baseRequest.post("/linode/instances", { ...wanted, ...more }, { baseURL: "https://api.linode.com/v4" }),
    );
  const { id } = await linode.createLinode({ ...wanted, label: "taken" });
  const cases: [object, RegExp][] = [
    [{ label: "taken" }, /^label: Label must be unique/],
    [{ label: "a" }, /^label: .*3-64/],
    [{ label: "bad--label" }, /^label: /],
    [{ region: "mars" }, /^region: /],
    [{ type: "g6-huge" }, /^type: /],
    [{ image: "linode/none" }, /^image: /],
    [{ image: "linode/ubuntu24.04" }, /^image: The local cloud has no base image of linode\/ubuntu24.04/],
    [{ root_pass: "short" }, /^root_pass: Length/],
    [{ root_pass: "aaaaaaaaaaaaaa" }, /^root_pass: .*strength/],
    [{ authorized_keys: ["ssh-ed25519 x"] }, /^authorized_keys.0: /],
    [{ authorized_keys: [], root_pass: undefined }, /^root_pass: /],
    [{ metadata: { user_data: "not base64!" } }, /^metadata.user_data: .*base64/],
    [{ metadata: { user_data: Buffer.alloc(16385).toString("base64") } }, /^metadata.user_data: .*16384/],
    [{ firewall_id: 7 }, /^firewall_id: /],
    [{ typo: 1 }, /^typo: /],
    [{ private_ip: true }, /^private_ip: The local cloud does not emulate/],
  ];
  for (const [more, reason] of cases) assert.match(await create(more), reason, JSON.stringify(more));
  assert.match(await refusal(linode.getLinodes({ page_size: 5 })), /page_size: Must be 25-500/);
  assert.equal((await cloud.linode("GET", "/account", undefined, { authorization: "Bearer wrong" })).status, 401);
  assert.equal((await cloud.linode("GET", "/longview/clients")).status, 501);
  assert.equal((await cloud.linode("POST", "/linode/instances", "{")).status, 400);
  await deleted(id);
});

test("a firewall is enforced from before the first packet until it is gone", async () => {
  const addresses = { ipv4: ["0.0.0.0/0"], ipv6: ["::/0"] };
  const rule = { action: "ACCEPT" as const, protocol: "TCP" as const, ports: "25,465", label: "mail", addresses };
  const rules = { inbound: [rule], inbound_policy: "DROP" as const, outbound: [], outbound_policy: "ACCEPT" as const };
  const fw = await linode.createFirewall({ label: "wall", rules });
  assert.equal(fw.rules.inbound?.[0]?.ports, "25, 465");
  const vm = await linode.createLinode({ ...wanted, firewall_id: fw.id });
  await running(vm.id);
  const host = `linode-${vm.id}`;
  assert.ok(cloud.hosts.calls.indexOf(`filter ${host}`) < cloud.hosts.calls.indexOf(`boot ${host}`));
  assert.deepEqual(cloud.hosts.filters.get(host), {
    inbound: [{ action: "ACCEPT", protocol: "TCP", ports: "25, 465", ipv4: ["0.0.0.0/0"], ipv6: ["::/0"] }],
    inboundPolicy: "DROP",
    outbound: [],
    outboundPolicy: "ACCEPT",
  });
  await linode.updateFirewallRules(fw.id, { ...rules, inbound: [], outbound_policy: "DROP" });
  assert.deepEqual(cloud.hosts.filters.get(host)?.inbound, []);
  assert.equal(cloud.hosts.filters.get(host)?.outboundPolicy, "DROP");

  assert.match(await refusal(linode.addFirewallDevice(fw.id, { id: vm.id, type: "linode" })), /already assigned/);
  const second = { label: "second", rules, devices: { linodes: [vm.id] } };
  assert.match(await refusal(linode.createFirewall(second)), /devices.linodes: .*already has an active Firewall/);
  await linode.disableFirewall(fw.id);
  assert.equal(cloud.hosts.filters.get(host), undefined);
  await linode.enableFirewall(fw.id);
  assert.notEqual(cloud.hosts.filters.get(host), undefined);
  const devices = await linode.getFirewallDevices(fw.id);
  assert.equal(devices.data[0]?.entity.id, vm.id);
  await linode.deleteFirewallDevice(fw.id, devices.data[0]!.id);
  assert.equal(cloud.hosts.filters.get(host), undefined);
  await linode.addFirewallDevice(fw.id, { id: vm.id, type: "linode" });
  await linode.deleteFirewall(fw.id);
  assert.equal(cloud.hosts.filters.get(host), undefined);
  await deleted(vm.id);
});

test("bad firewall rules are refused", async () => {
  const addresses = { ipv4: ["0.0.0.0/0"] };
  const good = { action: "ACCEPT", protocol: "TCP", ports: "25", label: "mail", addresses };
  const create = (rule: object, label = "wall") =>
    cloud.linode("POST", "/networking/firewalls", {
      label,
      rules: { inbound: [{ ...good, ...rule }], inbound_policy: "DROP", outbound_policy: "ACCEPT" },
    });
  const cases: [object, RegExp][] = [
    [{ ports: "0" }, /leading zeroes/],
    [{ ports: "70000" }, /1-65535/],
    [{ ports: "20-10" }, /smaller number/],
    [{ ports: "1-2-3" }, /2 values/],
    [{ ports: "ssh" }, /integer/],
    [{ ports: Array.from({ length: 16 }, (_, i) => i + 1).join(",") }, /Max allowed is 15/],
    [{ protocol: "ICMP" }, /not allowed for ICMP/],
    [{ protocol: "GRE" }, /Must be one of/],
    [{ label: "no" }, /3-32/],
    [{ addresses: { ipv4: ["10.0.0.1"] } }, /CIDR/],
    [{ addresses: { ipv6: ["10.0.0.0/8"] } }, /IPv6/],
    [{ addresses: {} }, /At least one/],
    [{ typo: true }, /typo/],
  ];
  for (const [rule, reason] of cases) {
    const answer = await create(rule);
    assert.equal(answer.status, 400, JSON.stringify(rule));
    assert.match(answer.text, reason);
    assert.match(answer.body.errors[0].field, /^rules\.inbound\.0/);
  }
  assert.match((await create({}, "ab")).text, /3-32 characters/);
  assert.equal((await create({}, "wall")).status, 200);
  assert.match((await create({}, "wall")).text, /unique/);
});

test("a reverse name needs its forward record", async () => {
  const { id } = await linode.createLinode({ ...wanted });
  const address = (await running(id)).ipv4[0]!;
  assert.match(
    await refusal(linode.updateIP(address, "mail.example.org")),
    /rdns: We were unable to perform a lookup for 'mail.example.org'/,
  );
  await cloud.zones.replace("example.org", { name: "mail.example.org", type: "A", ttl: 60, contents: ["192.0.2.1"] });
  assert.match(await refusal(linode.updateIP(address, "mail.example.org")), /rdns: No match was found/);
  await cloud.zones.replace("example.org", { name: "mail.example.org", type: "A", ttl: 60, contents: [address] });
  assert.equal((await linode.updateIP(address, "Mail.Example.org.")).rdns, "mail.example.org");
  assert.equal(cloud.zones.pointers.get(address), "mail.example.org");
  assert.match((await linode.updateIP(address, null)).rdns!, /linodeusercontent.com$/);
  assert.match(cloud.zones.pointers.get(address)!, /linodeusercontent.com$/);
  await deleted(id);
});

test("power and plan", async () => {
  const { id } = await linode.createLinode({ ...wanted });
  await running(id);
  await linode.linodeReboot(id);
  await running(id);
  assert.ok(cloud.hosts.calls.includes(`reboot linode-${id}`));
  await linode.linodeShutdown(id);
  await until(async () => (await linode.getLinode(id)).status === "offline", "offline");
  await linode.linodeBoot(id);
  await running(id);
  cloud.hosts.bootTime = 200;
  await linode.resizeLinode(id, { type: "g6-standard-2" });
  assert.match(await refusal(linode.linodeReboot(id)), /busy/);
  await running(id);
  assert.equal(cloud.hosts.running.get(`linode-${id}`)?.memoryMiB, 4096);
  cloud.hosts.bootTime = 0;
  cloud.hosts.running.clear();
  assert.equal((await linode.getLinode(id)).status, "offline", "a system that ended by itself");
  await deleted(id);
});

test("Linode DNS is served, with the API's own normal forms", async () => {
  const domain = await linode.createDomain({ domain: "third.example", type: "master", soa_email: "h@third.example" });
  const add = (record: object) => linode.createDomainRecord(domain.id, record as Partial<DomainRecord>);
  const a = await add({ type: "A", name: "mail.third.example", target: "192.0.2.7", ttl_sec: 301 });
  assert.deepEqual([a.name, a.ttl_sec], ["mail", 300]);
  await add({ type: "MX", name: "", target: "Mail.third.example", priority: 10 });
  await add({ type: "TXT", name: "", target: `v=spf1 "x" ${"a".repeat(300)}` });
  const srv = await add({
    type: "SRV",
    service: "imaps",
    protocol: "tcp",
    target: "mail.third.example",
    port: 993,
    weight: 1,
    priority: 0,
  });
  assert.deepEqual([srv.service, srv.name], ["imaps", "_imaps._tcp"]);
  await add({ type: "CAA", name: "", target: "letsencrypt.org", tag: "issue" });
  const asked = (name: string, type: string) => cloud.zones.lookup(name, type);
  assert.deepEqual(await asked("mail.third.example", "A"), ["192.0.2.7"]);
  assert.deepEqual(await asked("third.example", "MX"), ["10 mail.third.example."]);
  assert.deepEqual(await asked("_imaps._tcp.third.example", "SRV"), ["0 1 993 mail.third.example."]);
  assert.deepEqual(await asked("third.example", "CAA"), ['0 issue "letsencrypt.org"']);
  const text = (await asked("third.example", "TXT"))[0]!;
  assert.match(text, /^"v=spf1 \\"x\\" a+" "a+"$/);
  assert.match(await refusal(add({ type: "CNAME", name: "mail", target: "x.example" })), /CNAME/);
  assert.match(await refusal(add({ type: "A", name: "mail", target: "nonsense" })), /IPv4/);
  assert.match(
    await refusal(linode.createDomain({ domain: "third.example", type: "master", soa_email: "h@x.example" })),
    /already exists/,
  );
  await linode.updateDomainRecord(domain.id, a.id, { target: "192.0.2.8" });
  assert.deepEqual(await asked("mail.third.example", "A"), ["192.0.2.8"]);
  await linode.deleteDomainRecord(domain.id, a.id);
  assert.deepEqual(await asked("mail.third.example", "A"), []);
  await linode.deleteDomain(domain.id);
  assert.equal(cloud.zones.zones.has("third.example"), false);
});
