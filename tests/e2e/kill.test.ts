import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Bundle } from "../../components/deployment/bundle";
import {
  apply,
  applyWell,
  assertDelivers,
  assertNewSizeLimit,
  assertWhole,
  bundleOf,
  changed,
  failingUp,
  greeting,
  mainCf,
  postfixMaster,
} from "./support/applier";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Steps of putting back; the others are on the way to a new state. */
const puttingBack = ["restored-first", "restored", "put-back"];
/** From here on the new state stands. */
const afterCommit = ["committed", "manifest", "cleaned", "done"];
/** Files half swapped, daemon already on new files, new state half written: what the other systems repeat. */
const telling = ["swapped-first", "units-done", "restored-first", "manifest"];

const steps = (list: string) => [...list.matchAll(/^(\S+) {2,}\S/gm)].map((match) => match[1]!);

for (const os of everySystem) {
  describe(`the applier killed on ${os}`, () => {
    let server: Server;
    let declared: Bundle;
    let redis: Bundle;
    before(async () => {
      server = await serverFor(os);
      redis = await bundleOf(server, "redis");
      declared = await bundleOf(server, "postfix");
    });
    after(async () => {
      if (!declared) return;
      await server.system.must(["rm", "-f", "/etc/environment.before"]);
      await applyWell(server, declared);
      server.restoreConfig();
      await server.up();
    });

    const content = (bundle: Bundle) => bundle.files[mainCf]!.content;
    const limited = (megabytes: number) =>
      changed(declared, mainCf, (text) =>
        text.replace(/^message_size_limit = .*$/m, `message_size_limit = ${megabytes * 1024 * 1024}`),
      );

    /** Killed at this step, then another service's run: files, daemon and mail are as before or as after. */
    async function killedAt(step: string, old: Bundle, next: Bundle): Promise<void> {
      const failing = { ...next, health: [{ run: ["false"], timeoutSeconds: 0 }] };
      const killed = await apply(server, puttingBack.includes(step) ? failing : next, step);
      assert.equal(killed.exitCode, 137, `${step}: not killed: ${killed.stderr}`);
      assert.match(await greeting(server), /^220 /, `${step}: no answer before the repair`);

      const repairing = await applyWell(server, redis);
      const expected = afterCommit.includes(step) ? next : old;
      assert.equal(await server.system.must(["cat", mainCf]), content(expected), `${step}: ${repairing.stderr}`);
      await assertWhole(server);
      await assertDelivers(server);
    }

    test("at each step: the next run repairs; Postfix answers all the time and delivers", async (context) => {
      const all = steps(await server.system.must(["mailstack", "apply", "--list-steps"]));
      assert.ok(all.length > 20, all.join(" "));
      for (const step of [...puttingBack, ...afterCommit]) assert.ok(all.includes(step), step);
      let now = declared;
      let megabytes = 41;
      for (const step of os === everySystem[0] ? all : telling) {
        await context.test(step, async () => {
          const next = limited(megabytes);
          await killedAt(step, now, next);
          if (!afterCommit.includes(step)) return;
          now = next;
          megabytes += 1;
        });
      }
    });

    test("in a real up: the up fails; the next one makes it whole, and updates who knows the size limit", async () => {
      await applyWell(server, declared);
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
