import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cloudStatus, startCloud, stopCloud } from "../../local-cloud/cloud/lifecycle";
import { BootedHosts } from "../../local-cloud/hosts";
import { stateFolder } from "../../local-cloud/places";
import { Guest, runInCloud } from "./substrate/guest";
import { machineAddresses, traces } from "./substrate/traces";

const cloud = "ending";
const neighbour = "endingtoo";
const log = (line: string) => console.error(line);

/** Kills the daemon without a chance to clean up. */
async function killDaemon(): Promise<number> {
  const { pid } = cloudStatus(cloud).settings!;
  process.kill(pid, "SIGKILL");
  for (let tries = 0; existsSync(`/proc/${pid}`) && tries < 100; tries += 1) await sleep(50);
  return pid;
}

describe("the end of a local cloud", () => {
  const hosts = new BootedHosts(cloud, log);
  const guest = new Guest(cloud, { name: "linode-1", image: "debian12", address: "198.51.100.201", memoryMiB: 512 });

  before(async () => {
    for (const name of [cloud, neighbour]) await stopCloud(name, { purge: true });
  });
  after(async () => {
    guest.forget();
    for (const name of [cloud, neighbour]) await stopCloud(name, { purge: true });
  });

  async function startWithHost(): Promise<void> {
    await startCloud(cloud, log);
    await hosts.boot(guest.spec);
    await guest.untilReady();
    await guest.must(
      "test -e /swapfile || { fallocate -l 16M /swapfile; chmod 600 /swapfile; mkswap /swapfile; }; swapon /swapfile",
    );
  }

  test("two at the same time: one starts it, the other finds it running", async () => {
    const said: string[] = [];
    await Promise.all([startCloud(cloud, (line) => said.push(line)), startCloud(cloud, (line) => said.push(line))]);
    assert.equal(said.filter((line) => line.startsWith("starting")).length, 1);
    assert.equal(cloudStatus(cloud).running, true);
  });

  test("a running cloud is found by its traces", async () => {
    await startWithHost();
    const found = (await traces(cloud)).join("\n");
    for (const what of [
      /control group/,
      /\/run\/netns\/ms-ending\b/,
      /\/etc\/netns/,
      /ms-ending-linode-1/,
      /process \d+.*"cloud":"ending"/,
      /process.*nspawn/,
      /process.*apt-cacher-ng/,
    ])
      assert.match(found, what);
  });

  test("a stop leaves nothing but the state, and nothing of the neighbour is touched", async () => {
    await startCloud(neighbour, log);
    const address = cloudStatus(cloud).settings!.aptCacheAddress;
    assert.ok((await machineAddresses()).includes(address));
    await stopCloud(cloud, { purge: false });
    assert.deepEqual(await traces(cloud), []);
    assert.equal(cloudStatus(cloud).running, false);
    assert.ok(!(await machineAddresses()).includes(address), "the uplink is gone");
    assert.equal(existsSync(join(stateFolder(cloud), "hosts/linode-1/root/swapfile")), true);
    assert.equal(cloudStatus(neighbour).running, true);
    assert.match((await runInCloud(neighbour, ["dig", "+short", "api.linode.com"])).stdout, /^198\.51\.100\.3$/);
  });

  test("a cloud that was stopped starts again with its disks and zones", async () => {
    await startWithHost();
    assert.equal(await hosts.isRunning(guest.spec.name), true);
  });

  test("nothing is left after the daemon was killed", async () => {
    await killDaemon();
    assert.equal(cloudStatus(cloud).running, false);
    assert.notDeepEqual(await traces(cloud), []);
    await stopCloud(cloud, { purge: true });
    assert.deepEqual(await traces(cloud), []);
    assert.equal(existsSync(stateFolder(cloud)), false);
  });

  test("a start after the daemon was killed cleans up first", async () => {
    await startCloud(cloud, log);
    const killed = await killDaemon();
    await startCloud(cloud, log);
    assert.notEqual(cloudStatus(cloud).settings!.pid, killed);
    assert.match((await runInCloud(cloud, ["dig", "+short", "api.linode.com"])).stdout, /^198\.51\.100\.3$/);
  });

  test("a stop of what does not run is no failure", async () => {
    for (const name of [cloud, neighbour]) await stopCloud(name, { purge: true });
    await stopCloud(cloud, { purge: true });
    for (const name of [cloud, neighbour]) assert.deepEqual(await traces(name), []);
  });
});
