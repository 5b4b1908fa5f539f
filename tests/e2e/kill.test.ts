import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  applyWell,
  assertDelivers,
  assertNewSizeLimit,
  assertWhole,
  failingUp,
  greeting,
  mainCf,
  postfixMaster,
} from "./support/applier";
import { KilledApplies } from "./support/killed-apply";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Files half swapped, daemon already on new files, new state half written: kill-steps.test.ts has every step. */
const telling = ["swapped-first", "units-done", "restored-first", "manifest"];

for (const os of everySystem) {
  describe(`the applier killed on ${os}`, () => {
    let server: Server;
    let applies: KilledApplies;
    before(async () => {
      server = await serverFor(os);
      applies = await KilledApplies.of(server);
    });
    after(async () => {
      if (!applies) return;
      await server.system.must(["rm", "-f", "/etc/environment.before"]);
      await applyWell(server, applies.declared);
      server.restoreConfig();
      await server.up();
    });

    test("half way: the next run repairs; Postfix answers all the time and delivers", (context) =>
      applies.at(telling, (step, body) => context.test(step, body)));

    test("in a real up: the up fails; the next one makes it whole, and updates who knows the size limit", async () => {
      await applyWell(server, applies.declared);
      const master = await postfixMaster(server);
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 44));
      // sshd gives every session what stands in this file (pam_env).
      await server.system.must(["sh", "-c", "cp -a /etc/environment /etc/environment.before 2>/dev/null || :"]);
      await server.system.must(["sh", "-c", "echo MAILSTACK_TEST_KILL_AT=units-done >> /etc/environment"]);
      try {
        assert.match(await failingUp(server), /Process exited with (signal KILL|status 137)/);
      } finally {
        await server.system.must([
          "sh",
          "-c",
          "rm /etc/environment; mv /etc/environment.before /etc/environment 2>/dev/null || :",
        ]);
      }
      const found = await server.system.exec(["mailstack", "verify"]);
      assert.match(found.stdout, /postfix: apply was interrupted; the next apply repairs it/);
      assert.match(await greeting(server), /^220 /);

      const { summary } = await server.up();
      assertNewSizeLimit(summary);
      assert.match(
        await server.system.must(["cat", mainCf]),
        new RegExp(`^message_size_limit = ${44 * 1024 * 1024}$`, "m"),
      );
      assert.equal(await postfixMaster(server), master, "Postfix was restarted");
      await assertWhole(server);
      await assertDelivers(server);
    });
  });
}
