import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api/index";
import { type APIError, linode, type Volume } from "./api/linode-client";
import { TestCloud, until } from "./api/test-cloud";

// The vendor's own client against the emulated API, by its real address.

const cloud = new TestCloud();
const instance = {
  region: "eu-central",
  type: "g6-standard-1",
  image: "linode/debian12",
  root_pass: "correct-Horse-7",
  authorized_keys: [`ssh-ed25519 ${"A".repeat(68)} test`],
};

before(async () => {
  await cloud.start();
  linode.setToken(defaultTokens.linode);
  linode.baseRequest.interceptors.request.use((config) => ({ ...config, httpsAgent: cloud.agent, proxy: false }));
});
after(() => cloud.end());

/** The reasons of a refused call, `field: reason`. The client's own checks are passed by: the server's count. */
async function refusal(method: string, path: string, body?: object): Promise<string> {
  const answer = await cloud.linode(method, path, body);
  if (answer.status === 200) return "accepted";
  assert.ok(answer.body?.errors, `${answer.status} ${answer.text}`);
  return (answer.body as { errors: APIError[] }).errors
    .map(({ field, reason }) => `${field ?? ""}: ${reason}`)
    .join("; ");
}

async function running(region = "eu-central"): Promise<number> {
  const { id } = await linode.createLinode({ ...instance, region });
  await until(async () => (await linode.getLinode(id)).status === "running", "instance runs");
  return id;
}

async function settled(id: number, holds: (volume: Volume) => boolean): Promise<Volume> {
  await until(async () => holds(await linode.getVolume(id)), "the volume changes");
  return linode.getVolume(id);
}
const active = (id: number) => settled(id, ({ status }) => status === "active");

test("a volume is made, attached, enlarged, detached and deleted, each with its event", async () => {
  const id = await running();
  const made = await linode.createVolume({
    label: "mail-one",
    size: 10,
    linode_id: id,
    region: "eu-central",
    tags: ["mail"],
  });
  assert.equal(made.status, "creating");
  const seen = await active(made.id);
  assert.equal(seen.filesystem_path, "/dev/disk/by-id/scsi-0Linode_Volume_mail-one");
  assert.deepEqual([seen.linode_id, seen.size, seen.tags, seen.encryption], [id, 10, ["mail"], "enabled"]);
  assert.deepEqual(cloud.hosts.volumes.get(made.id), {
    host: `linode-${id}`,
    id: made.id,
    label: "mail-one",
    sizeGb: 10,
  });
  assert.equal((await linode.getLinodeVolumes(id)).data[0]?.id, made.id);
  const { data } = await linode.getLinodeConfigs(id);
  assert.equal(data[0]?.devices.sdc && "volume_id" in data[0].devices.sdc && data[0].devices.sdc.volume_id, made.id);

  assert.match(await refusal("DELETE", `/volumes/${made.id}`), /must be detached/);
  assert.match(await refusal("POST", `/volumes/${made.id}/attach`, { linode_id: id }), /already attached/);
  assert.match(await refusal("POST", `/volumes/${made.id}/resize`, { size: 10 }), /size: .*only be resized up/);
  assert.equal((await linode.resizeVolume(made.id, { size: 12 })).status, "resizing");
  assert.equal((await active(made.id)).size, 12);
  assert.equal(cloud.hosts.volumes.get(made.id)?.sizeGb, 12);
  const renamed = await linode.updateVolume(made.id, { label: "mail-two" });
  assert.equal(renamed.filesystem_path, "/dev/disk/by-id/scsi-0Linode_Volume_mail-two");

  await linode.detachVolume(made.id);
  await settled(made.id, (volume) => volume.linode_id === null);
  assert.equal(cloud.hosts.volumes.get(made.id)?.host, undefined);
  await linode.deleteVolume(made.id);
  assert.equal(cloud.hosts.volumes.size, 0);
  assert.match((await cloud.linode("GET", `/volumes/${made.id}`)).text, /Not found/);
  const events = (await linode.getEvents({}, { "entity.id": made.id, "entity.type": "volume" })).data;
  const told = events.map((event) => `${event.action} ${event.status}`).sort();
  const ended = ["create", "detach", "resize"].map((action) => `volume_${action} finished`);
  assert.deepEqual(told, [...ended, "volume_delete notification", "volume_update notification"].sort());
});

test("what the real API refuses is refused", async () => {
  const [here, far] = [await running(), await running("us-east")];
  const good = { label: "taken", region: "eu-central", size: 10 };
  const taken = await linode.createVolume(good);
  await active(taken.id);
  const cases: [object, RegExp][] = [
    [{}, /^label: Label must be unique/],
    [{ label: "" }, /^label: .*1-32/],
    [{ label: "a".repeat(33) }, /^label: .*1-32/],
    [{ label: "mail.example.org" }, /^label: Must only use/],
    [{ label: "a--b" }, /^label: Must only use/],
    [{ label: "b", size: 9 }, /^size: Must be 10-16384/],
    [{ label: "b", size: 16385 }, /^size: Must be 10-16384/],
    [{ label: "b", size: 10.5 }, /^size: /],
    [{ label: "b", region: "mars" }, /^region: /],
    [{ label: "b", region: undefined }, /^region: region is required/],
    [{ label: "b", linode_id: 7 }, /^linode_id: /],
    [{ label: "b", linode_id: far }, /^linode_id: .*same region/],
    [{ label: "b", tags: ["x"] }, /^tags.0: /],
    [{ label: "b", typo: 1 }, /^typo: /],
  ];
  for (const [more, reason] of cases)
    assert.match(await refusal("POST", "/volumes", { ...good, ...more }), reason, JSON.stringify(more));
  const attach = (linode_id: number) => refusal("POST", `/volumes/${taken.id}/attach`, { linode_id });
  assert.match(await attach(far), /same region/);
  assert.match(await attach(7), /linode_id is not valid/);
  assert.equal(await attach(here), "accepted");
  for (const id of [here, far]) await linode.deleteLinode(id);
});

test("a volume outlives its instance, with what is on it, and goes to the next one", async () => {
  const first = await running();
  const { id } = await linode.createVolume({ label: "kept", region: "eu-central", linode_id: first, size: 10 });
  await active(id);
  await linode.deleteLinode(first);
  await settled(id, (volume) => volume.linode_id === null);
  assert.equal(cloud.hosts.volumes.has(id), true, "its data is gone");
  const second = await running();
  await linode.attachVolume(id, { linode_id: second });
  await until(() => cloud.hosts.volumes.get(id)?.host === `linode-${second}`, "attached");
  await linode.linodeShutdown(second);
  await until(async () => (await linode.getLinode(second)).status === "offline", "off");
  await linode.linodeBoot(second);
  await until(() => cloud.hosts.running.has(`linode-${second}`), "boots again");
  assert.deepEqual(cloud.hosts.running.get(`linode-${second}`)?.volumes, [{ id, label: "kept", sizeGb: 10 }]);
});
