import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { argumentsDuring } from "./support/arguments-during";
import { objectStorage, s3, type Key, type Place } from "./support/bucket";
import { stopTimer } from "./support/backup-server";
import { Scanner } from "./support/scan";
import { oneSystem, serverFor, type Server } from "./support/servers";

const hostRegion = "eu-central";
const region = "nl-ams";
const endpoint = "nl-ams-1.linodeobjects.com";
/** Of somebody who has object storage already. */
const own = { endpoint, bucket: "a-bucket-of-ones-own" };

for (const os of oneSystem(
  "bucket and key are the provider's, made by the same program; restic of both systems speaks the same S3",
)) {
  describe(`backups of ${os} in a bucket`, () => {
    let server: Server;
    let key: Key;
    let ownKey: Key;
    let place: Place;
    let printed = "";
    let called = "";

    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const ask = (where: Place, who: Key, work: "list" | "versioning" | "versions") => s3(server, where, who, work);
    const bucketOf = async (label: string) => (await objectStorage.buckets(server)).find((one) => one.label === label);
    const info = () => server.address("info");
    const backup = async () => {
      // What one process of it takes at most, the largest of all.
      const script =
        "import resource, subprocess; subprocess.run(['mailstack', 'backup', 'run'], check=True); " +
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, 'MiB at most')";
      await stopTimer(server);
      return shell(`exec python3 -c "${script}"`);
    };
    const deliver = async (subject: string) => {
      const letter = { from: "friend@peer.example", subject, to: info(), server: server.hostname };
      const sent = await server.peer.send(letter);
      assert.equal(sent.code, 250, sent.transcript);
      await server.imapFind("info", subject);
    };

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => config.setIn(["config", "mailstack:backupRepository"], "linode"));
      called = await argumentsDuring(async () => {
        const up = await server.stack.pulumi(["up", "--yes", "--skip-preview", "--diff"]);
        printed = up.stdout + up.stderr;
      });
      place = { endpoint, bucket: `mailstack-${server.hostname.replaceAll(".", "-")}` };
      const secret = (name: string) => shell(`cat /etc/mailstack-backup/${name}`).then((text) => text.trim());
      key = { accessKey: await secret("access-key"), secretKey: await secret("secret-key") };
    });
    after(async () => {
      // Checked once more before it goes.
      await shell("systemctl start mailstack-backup.timer");
      server.restoreConfig();
      await server.up();
      for (const bucket of await objectStorage.buckets(server)) await objectStorage.removeBucket(server, bucket);
      for (const left of await objectStorage.keys(server)) await objectStorage.removeKey(server, left);
    });

    test("one word in the configuration makes a versioned bucket in another region than the host's", async () => {
      const bucket = await bucketOf(place.bucket);
      assert.deepEqual([bucket?.region, bucket?.s3_endpoint], [region, endpoint]);
      assert.notEqual(region, hostRegion);
      assert.deepEqual((await ask(place, key, "versioning")).found, "Enabled");
      const repository = await shell("cat /etc/mailstack-backup/repository");
      assert.equal(repository.trim(), `s3:https://${endpoint}/${place.bucket}`);
    });

    test("its key can reach no other bucket, and no other key is left", async () => {
      const keys = await objectStorage.keys(server);
      assert.deepEqual(
        keys.map(({ access_key, limited, bucket_access }) => [access_key, limited, bucket_access?.length]),
        [[key.accessKey, true, 1]],
      );
      await objectStorage.makeBucket(server, own.bucket, region);
      ownKey = await objectStorage.makeKey(server, "own", own.bucket, region);
      assert.equal((await ask(own, ownKey, "list")).failed, "");
      assert.match((await ask(own, key, "list")).failed, /^AccessDenied/);
      assert.match((await ask(place, ownKey, "list")).failed, /^AccessDenied/);
      const forged = { ...key, secretKey: `${key.secretKey.slice(1)}x` };
      assert.match((await ask(place, forged, "list")).failed, /^SignatureDoesNotMatch/);
    });

    test("state and mail are backed up there, and status is well", async () => {
      await deliver(server.unique("kept in a bucket"));
      console.error(`backup to a bucket, first:\n${await backup()}`);
      console.error(`again:\n${await backup()}`);
      const listed = await shell("mailstack backup list");
      assert.match(listed, /^\S+Z +state /m);
      assert.match(listed, /^\S+Z +mail /m);
      await shell("mailstack backup check --read 1/1");
      const status = await server.system.exec(["mailstack", "status"]);
      assert.match(status.stdout, /^ok +backup +state 0\.0 h old, mail 0\.0 h old/m);
    });

    test("an emptied mailbox is restored from it", async () => {
      const found = async (folder: string) =>
        (await shell(`doveadm search -u ${info()} mailbox '${folder}' all`)).trim().split("\n").filter(Boolean).length;
      const digests = (folder: string) =>
        shell(`doveadm fetch -u ${info()} text mailbox '${folder}' all | grep -v '^text:$' | sha256sum`);
      const [was, content] = [await found("INBOX"), await digests("INBOX")];
      assert.ok(was > 0);
      await shell(`doveadm expunge -u ${info()} mailbox INBOX all`);
      const restored = (await shell(`mailstack restore user ${info()} --folder INBOX`)).trim();
      assert.equal(await found(`${restored}*`), was);
      assert.equal(await digests(`${restored}*`), content);
    });

    test("what a run deletes there can be had back: the host's key makes nothing disappear", async () => {
      // Locks, at least: each run removes its own.
      const { found } = await ask(place, key, "versions");
      const { deleted, older } = found as { deleted: number; older: number };
      assert.ok(deleted > 0 && older >= deleted, JSON.stringify(found));
    });

    test("a second up changes nothing, also when it asks the provider first", async () => {
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"]);
      const words = ["preview", "--refresh", "--expect-no-changes", "--diff"];
      const preview = await server.stack.pulumi(words, { reject: false });
      assert.equal(preview.exitCode, 0, preview.stdout + preview.stderr);
    });

    test("the key is in no output, argument, log, readable file or plain state", async () => {
      const password = await shell("cat /etc/mailstack-backup/password");
      const scanner = new Scanner(new Map([["backup", [key.secretKey, password.trim()]]]));
      assert.deepEqual(await scanner.text(printed, "output of up"), []);
      assert.deepEqual(await scanner.text(called, "arguments during up"), []);
      assert.deepEqual(await scanner.text(readFileSync(server.stack.stateFile, "utf8"), "state"), []);
      assert.deepEqual(await scanner.text(await argumentsDuring(() => backup()), "arguments during a backup"), []);
      assert.deepEqual(await scanner.text(await shell("journalctl --no-pager -o cat"), "journal"), []);
      assert.deepEqual(await scanner.worldReadable(server, ["/etc", "/var", "/run"]), []);
      assert.deepEqual((await scanner.ofRoot(server, ["/etc/mailstack-backup"])).length > 0, true);
    });

    test("a bucket that leaves the stack stays in the account, and one's own address and keys take its place", async () => {
      const objects = (await bucketOf(place.bucket))!.objects;
      server.stack.configure((config) =>
        config.setIn(["config", "mailstack:backupRepository"], `s3:https://${endpoint}/${own.bucket}/mail`),
      );
      const set = (name: string, value: string) =>
        server.stack.pulumi(["config", "set", "--secret", `mailstack:${name}`], { input: value });
      await set("backupAccessKey", ownKey.accessKey);
      await set("backupSecretKey", ownKey.secretKey);
      await server.up();
      assert.equal((await bucketOf(place.bucket))?.objects, objects);
      assert.match((await ask(place, key, "list")).failed, /^InvalidAccessKeyId/);
      await backup();
      const status = await server.system.exec(["mailstack", "status"]);
      assert.match(status.stdout, /^ok +backup +state 0\.0 h old, mail 0\.0 h old/m);
      assert.ok((await bucketOf(own.bucket))!.objects > 4);
    });
  });
}
