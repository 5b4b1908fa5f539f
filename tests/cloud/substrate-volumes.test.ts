import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { cloudStatus, startCloud, stopCloud } from "../../local-cloud/cloud/lifecycle";
import { BootedHosts } from "../../local-cloud/hosts";
import { stateFolder } from "../../local-cloud/places";
import { Guest } from "./substrate/guest";
import { traces } from "./substrate/traces";

const cloud = "volumes";
const log = (line: string) => console.error(line);
const path = "/dev/disk/by-id/scsi-0Linode_Volume_mail";
const gib = 1024 ** 3;

describe("volumes of booted hosts", () => {
  const hosts = new BootedHosts(cloud, log);
  const guest = (name: string, address: string) =>
    new Guest(cloud, { name, image: "debian12", address, memoryMiB: 512 });
  const first = guest("linode-1", "198.51.100.201");
  const second = guest("linode-2", "198.51.100.202");
  const volume = { id: 7, label: "mail", sizeGb: 10 };
  const size = async (one: Guest) => Number(await one.must(`blockdev --getsize64 ${path}`)) / gib;

  before(async () => {
    await stopCloud(cloud, { purge: true });
    await startCloud(cloud, log);
    for (const { spec } of [first, second]) await hosts.boot(spec);
    for (const one of [first, second]) await one.untilReady();
  });
  after(async () => {
    for (const one of [first, second]) one.forget();
    await stopCloud(cloud, { purge: true });
  });

  test("one appears on the host that runs, of its size, and nowhere else", async () => {
    assert.notEqual((await first.ssh(`test -e ${path}`)).exitCode, 0);
    await hosts.attachVolume("linode-1", volume);
    assert.equal(await size(first), 10);
    assert.notEqual((await second.ssh(`test -e ${path}`)).exitCode, 0);
    assert.equal((await first.ssh(`blkid -p ${path}`)).exitCode, 2, "a new volume is empty");
    await first.must(`mkfs.ext4 -q ${path} && mkdir /data && mount ${path} /data && echo kept > /data/file`);
  });

  test("a reboot finds it again; a new size is seen then, not before", async () => {
    assert.equal(await size(first), 10);
    await hosts.reboot("linode-1");
    await first.untilReady();
    await first.must(`mount ${path} /data`);
    assert.equal(await first.must("cat /data/file"), "kept");
    await hosts.growVolume("linode-1", { ...volume, sizeGb: 11 });
    assert.equal(await size(first), 10);
    await hosts.reboot("linode-1");
    await first.untilReady();
    assert.equal(await size(first), 11);
  });

  test("while a host's disk is removed, this process has time for others: the emulated APIs run in it", async () => {
    const root = join(stateFolder(cloud), "hosts/linode-1/root");
    await hosts.detachVolume("linode-1", volume);
    assert.notEqual((await first.ssh(`test -e ${path}`)).exitCode, 0);
    const sizes = new Set<number>();
    const whole = (await readdir(root)).length;
    let removing = true;
    const removal = hosts.remove("linode-1").finally(() => (removing = false));
    while (removing) sizes.add((await readdir(root).catch(() => [])).length);
    await removal;
    assert.ok(
      [...sizes].some((size) => size > 0 && size < whole),
      `${[...sizes].join(", ")} of ${whole}`,
    );
  });

  test("a volume goes to another host with what is on it, after its own was removed", async () => {
    await hosts.attachVolume("linode-2", { ...volume, sizeGb: 11 });
    await second.must(`mkdir /data && mount ${path} /data`);
    assert.equal(await second.must("cat /data/file"), "kept");
  });

  test("a volume that is removed is empty when it is made again", async () => {
    await second.must("umount /data");
    await hosts.detachVolume("linode-2", volume);
    await hosts.removeVolume(volume.id);
    await hosts.attachVolume("linode-2", volume);
    assert.equal((await second.ssh(`blkid -p ${path}`)).exitCode, 2);
    await second.must(`mkfs.ext4 -q ${path} && mount ${path} /data && echo kept > /data/file`);
  });

  test("nothing of it is left after a kill of the cloud and a stop, in the middle of its use; its data is", async () => {
    assert.match((await traces(cloud)).join("\n"), /\/volumes\/7\.img/);
    process.kill(cloudStatus(cloud).settings!.pid, "SIGKILL");
    await stopCloud(cloud, { purge: false });
    assert.deepEqual(await traces(cloud), []);
    await startCloud(cloud, log);
    await hosts.boot({ ...second.spec, volumes: [volume] });
    await second.untilReady();
    await second.must(`mount ${path} /data`);
    assert.equal(await second.must("cat /data/file"), "kept");
  });
});
