import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inventory } from "./support/load";
import { everySystem, serverFor, type Server } from "./support/servers";
import { kindsOf, passGreylisting, patienceOf, torture, type Answer } from "./support/torture";
import { until } from "./support/until";

const user = "tech";

for (const os of everySystem) {
  describe(`mail that is built to keep the filter busy, on ${os}`, () => {
    let server: Server;
    const run = `bomb-${Date.now()}`;
    before(async () => {
      server = await serverFor(os);
      await passGreylisting(server, server.address(user));
    });
    after(async () => {
      const query = ["mailbox", "*", "subject", run];
      await server.system.must(["doveadm", "expunge", "-u", server.address(user), ...query]);
    });

    /** Before each sending: how busy the machine is changes. */
    const ownPatience = () => patienceOf(server, server.address(user));
    const send = async (name: string, kinds: string[]) => {
      const job = { run: `${run}-${name}`, subject: run, to: server.address(user), kinds };
      return (await torture(server, { kind: "bombs", ...job })).answers;
    };
    const small = (answers: Record<string, Answer>) => Object.entries(answers).filter(([name]) => /^small /.test(name));
    /** Message-IDs in the mailbox, of one sending. */
    const arrived = async (name: string) => {
      const text = await server.system.must(["python3", "-c", inventory, server.domain]);
      const found = (JSON.parse(text) as Record<string, Record<string, number>>)[user] ?? {};
      return Object.entries(found).filter(([id]) => id.startsWith(`${run}-${name}.`));
    };
    const processes = async (kind: string) => {
      const { stdout } = await server.system.exec(["pgrep", "--full", `rspamd: ${kind} process`]);
      return stdout.split("\n").filter(Boolean).sort();
    };
    const workers = () => processes("rspamd_prox[y]");
    /** Workers that lost their heartbeats, those that have ended too. */
    const toldToEnd = async () => {
      const log =
        "journalctl -u rspamd -o cat --since=-10min | grep -aoE 'terminate worker type rspamd_proxy with pid [0-9]+'";
      const { stdout } = await server.system.exec(["sh", "-c", log]);
      return [...stdout.matchAll(/\d+/g)].map(([pid]) => pid);
    };

    test("each kind is refused with words, all at once, and small mail is answered meanwhile", async () => {
      const kinds = await kindsOf("REFUSED");
      assert.ok(kinds.length >= 12);
      const patience = await ownPatience();
      const before = await workers();
      const answers = await send("refused", kinds);
      for (const kind of kinds) {
        assert.equal(answers[kind]!.code, 554, `${kind}: ${answers[kind]!.words}`);
        assert.match(answers[kind]!.words, /^5\.6\.0 This message cannot be checked: it has /, kind);
      }
      const beside = small(answers);
      assert.ok(beside.length > 0);
      for (const [name, { code, seconds, words }] of beside) {
        assert.equal(code, 250, `${name}: ${words}`);
        assert.ok(seconds < patience, `${name} took ${seconds} s`);
      }
      await until("all small mail is there", async () => (await arrived("refused")).length === beside.length, 60);
      assert.deepEqual(await workers(), before, "no worker of Rspamd had to be killed");
    });

    test("what passes the guard and is slow to look at holds nobody up either", async () => {
      const kinds = await kindsOf("SLOW");
      assert.ok(kinds.length >= 12);
      const patience = await ownPatience();
      const answers = await send("slow", kinds);
      // Whether it is taken is the filter's verdict; it is given.
      for (const kind of kinds)
        assert.ok([250, 451, 554].includes(answers[kind]!.code), `${kind}: ${answers[kind]!.words}`);
      for (const [name, { code, seconds, words }] of small(answers)) {
        assert.equal(code, 250, `${name}: ${words}`);
        assert.ok(seconds < patience, `${name} took ${seconds} s`);
      }
      // On a busy machine one of them may take a worker longer than Rspamd lets it; others take its place.
      await until("there are two workers", async () => (await workers()).length === 2, 90);
    });

    test("large and odd mail that people send passes", async () => {
      const kinds = await kindsOf("GOOD");
      const answers = await send("good", kinds);
      for (const kind of kinds) assert.equal(answers[kind]!.code, 250, `${kind}: ${answers[kind]!.words}`);
      const number = Object.keys(answers).length;
      await until("all of it is there, once", async () => (await arrived("good")).length === number, 60);
      assert.deepEqual(
        (await arrived("good")).filter(([, times]) => times !== 1),
        [],
      );
    });

    /** Does something to one of two workers, and sees mail pass until there are two without it. */
    const assertReplaced = async (name: string, signal: string) => {
      // The mail of before may have cost one, which takes nothing new and may be there for half a minute.
      const bothServe = async () => {
        const [there, ending] = [await workers(), await toldToEnd()];
        return there.length === 2 && !there.some((pid) => ending.includes(pid));
      };
      await until("there are two workers, and neither was told to end", bothServe, 120);
      const patience = await ownPatience();
      const [lost] = await workers();
      await server.system.must(["sh", "-c", `kill -${signal} ${lost}`]);
      const answers = await send(name, ["attachment of 25 MB"]);
      for (const [what, { code, words }] of Object.entries(answers)) assert.equal(code, 250, `${what}: ${words}`);
      for (const [what, { seconds }] of small(answers)) assert.ok(seconds < patience, `${what} took ${seconds} s`);
      const replaced = async () => {
        const there = await workers();
        return there.length === 2 && !there.includes(lost!);
      };
      await until("there are two workers, without the lost one", replaced, 90);
      const number = Object.keys(answers).length;
      await until("all of it is there", async () => (await arrived(name)).length === number, 60);
    };

    test("a worker that hangs is killed and replaced; mail is answered meanwhile, and none is put off", () =>
      assertReplaced("hung", "STOP"));

    test("a worker that ends by itself, which Rspamd does not replace, is replaced", () =>
      assertReplaced("ended", "TERM"));

    /** Two that scan, and one that learns and answers the web interface. */
    const whole = async () => [...(await workers()), ...(await processes("controlle[r]"))];
    const assertWhole = (without: string[]) =>
      until(
        "two workers and the controller are there, without the lost ones",
        async () => {
          const there = await whole();
          return there.length === 3 && !there.some((pid) => without.includes(pid));
        },
        90,
      );

    for (const signal of ["TERM", "KILL", "STOP"])
      test(`all of Rspamd's workers at once that get SIG${signal} are replaced, and no mail is lost`, async () => {
        await assertWhole([]);
        const lost = await whole();
        const name = `all-${signal}`;
        await server.system.must(["sh", "-c", `kill -${signal} ${lost.join(" ")}`]);
        const answers = Object.values(await send(name, []));
        await assertWhole(lost);
        for (const { code, words } of answers) assert.ok([250, 451].includes(code), words);
        const taken = answers.filter(({ code }) => code === 250).length;
        await until("what was taken is there", async () => (await arrived(name)).length === taken, 60);
        for (const { code, words } of Object.values(await send(`${name}-later`, []))) assert.equal(code, 250, words);
      });

    test("the worker that learns and answers the web interface is replaced, too", async () => {
      await assertWhole([]);
      const lost = await processes("controlle[r]");
      await server.system.must(["sh", "-c", `kill -TERM ${lost.join(" ")}`]);
      await assertWhole(lost);
    });

    test("status says when no worker is there, though the port is open", async () => {
      await assertWhole([]);
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      await server.system.must(["systemctl", "stop", "mailstack-rspamd-watch.service"]);
      try {
        await server.system.must(["sh", "-c", `kill -TERM ${(await whole()).join(" ")}`]);
        await until("no worker is there", async () => (await whole()).length === 0);
        assert.match(await status(), /^BAD {2}rspamd +nobody answers at port 11332$/m);
      } finally {
        await server.system.must(["systemctl", "start", "mailstack-rspamd-watch.service"]);
      }
      await assertWhole([]);
      assert.match(await status(), /^ok {3}rspamd /m);
    });
  });
}
