import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { untilWell } from "./support/linode";
import { filesWith } from "./support/maildir";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import { Watch } from "./support/watch";

for (const os of everySystem) {
  describe(`alerts of ${os}, with nothing configured`, () => {
    let server: Server;
    let watch: Watch;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const state = async <T>(key: string) =>
      (JSON.parse(await shell("cat /var/lib/mailstack/alerts/watch.json")) as Record<string, unknown>)[key] as T;
    /** Alerts in the administrator's mailbox: subject and identity of each. */
    const subjects = async () => {
      const files = await filesWith(server, "admin", `.alert@${server.hostname}>`);
      const heads = await Promise.all(files.map((file) => shell(`sed '/^\\r*$/q' '${file}'`)));
      const value = (head: string, name: string) => new RegExp(`^${name}: (.*?)\\r?$`, "m").exec(head)?.[1] ?? "none";
      return heads.map((head) => `${value(head, "Subject")} ${value(head, "Message-ID")}`).sort();
    };

    before(async () => {
      server = await serverFor(os);
      await untilWell(server);
      watch = await Watch.awake(server);
      await watch.calm();
    });
    after(async () => {
      await watch.sleep();
      await untilWell(server);
    });

    test("the timer looks each minute, and sees in its sandbox what status sees", async () => {
      assert.match(await shell("systemctl cat mailstack-watch.timer"), /^OnCalendar=minutely$/m);
      const before = await state<number>("ran");
      await until("the timer has run it", async () => (await state<number>("ran")) > before);
      await watch.runs(1);
      assert.deepEqual(await state("conditions"), {});
      assert.match((await server.system.exec(["mailstack", "status"])).stdout, /^ok +alerts +nothing to tell$/m);
    });

    test("the administrator gets one mail about a daemon that stopped, and one when it runs again", async () => {
      const before = await subjects();
      await shell("systemctl stop redis-server.service");
      try {
        await watch.runs(6);
        const told = (await watch.told()).conditions.map(({ check }) => check);
        assert.ok(told.includes("redis") && told.includes("units"), told.join());
        await until("the mail is there", async () => (await subjects()).length > before.length);
      } finally {
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await watch.calm();
      await until("so is the other", async () => (await subjects()).length > before.length + 1);
      await watch.runs(3);
      const mails = (await subjects()).filter((subject) => !before.includes(subject));
      assert.equal(mails.length, 2, mails.join("\n"));
      assert.match(mails[0]!, /BAD: .*redis/);
      assert.match(mails[1]!, /ok again: .*redis/);
    });

    test("in a pause nobody is told anything", async () => {
      const before = await subjects();
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      await shell("mailstack alert pause 2h");
      assert.match(await status(), /^ok +alerts +paused until /m);
      await shell("systemctl stop redis-server.service");
      try {
        await watch.runs(6);
        assert.deepEqual((await watch.told()).conditions, []);
      } finally {
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await shell("mailstack alert resume");
      await watch.runs(3);
      assert.deepEqual(await subjects(), before);
    });
  });
}
