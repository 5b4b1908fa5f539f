import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inventory } from "./support/load";
import { sixMinutesLater } from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { passGreylisting, patienceOf, torture, type Answer } from "./support/torture";
import { until } from "./support/until";

const user = "support";
/** The same letters each time; `npm run test:fuzz` sends more of them, and others with another seed. */
const seed = Number(process.env.MAILSTACK_FUZZ_SEED ?? 20261129);
const letters = Number(process.env.MAILSTACK_FUZZ_LETTERS ?? 300);
const together = 500;
const sessions = 5;

for (const os of everySystem) {
  describe(`${letters} broken letters on ${os}`, () => {
    let server: Server;
    let patience: number;
    const run = `fuzz-${Date.now()}`;
    const expunge = () =>
      server.system.must(["doveadm", "expunge", "-u", server.address(user), "mailbox", "*", "subject", run]);
    before(async () => {
      server = await serverFor(os);
      await passGreylisting(server, server.address(user));
      patience = await patienceOf(server, server.address(user));
    });
    after(expunge);

    const send = (numbers: number[]) =>
      torture(server, { kind: "fuzz", run, subject: run, to: server.address(user), seed, numbers, sessions });
    const numberOf = (id: string) => Number(/\.(\d+)@/.exec(id)![1]);
    const kindOf = ({ code }: Answer) => (code === 250 ? "taken" : code >= 500 ? "refused" : "put off");
    /** How often each letter is in the mailbox, whichever its folder. */
    const stored = async () => {
      const text = await server.system.must(["python3", "-c", inventory, server.domain]);
      const found = (JSON.parse(text) as Record<string, Record<string, number>>)[user] ?? {};
      return new Map(Object.entries(found).filter(([id]) => id.startsWith(`${run}.`)));
    };

    test("each is refused or delivered once, and nothing stalls", async (context) => {
      let longest = 0;
      let slowest = { id: "", seconds: 0 };
      const note = (answers: Record<string, Answer>) => {
        for (const [id, { seconds }] of Object.entries(answers))
          if (seconds > slowest.seconds) slowest = { id, seconds };
      };
      const count = { taken: 0, refused: 0 };
      for (let first = 0; first < letters; first += together) {
        const numbers = Array.from({ length: Math.min(together, letters - first) }, (_, index) => first + index);
        const { answers, stall } = await send(numbers);
        longest = Math.max(longest, stall);
        note(answers);
        // Who is put off tries again, as mail servers do.
        const waiting = () => Object.keys(answers).filter((id) => kindOf(answers[id]!) === "put off");
        for (let tries = 1; tries <= 5 && waiting().length > 0; tries += 1) {
          await sixMinutesLater(server);
          const again = (await send(waiting().map(numberOf))).answers;
          note(again);
          Object.assign(answers, again);
        }
        assert.equal(Object.keys(answers).length, numbers.length);
        assert.deepEqual(waiting(), [], "put off again and again");
        const taken = Object.keys(answers).filter((id) => kindOf(answers[id]!) === "taken");
        count.taken += taken.length;
        count.refused += numbers.length - taken.length;
        const isThere = async () => (await stored()).size >= taken.length;
        await until(`${taken.length} letters are there`, isThere, 120);
        const there = await stored();
        assert.deepEqual(
          taken.filter((id) => there.get(id) !== 1).map((id) => [id, there.get(id) ?? 0]),
          [],
          "taken, but not there once",
        );
        assert.equal(there.size, taken.length, "nothing that was refused is there");
        await expunge();
      }
      assert.equal((await server.system.must(["postqueue", "-j"])).trim(), "", "the queue is empty");
      context.diagnostic(`${count.taken} taken, ${count.refused} refused`);
      context.diagnostic(
        `longest time without an answer ${longest} s; slowest letter ${slowest.id}: ${slowest.seconds} s`,
      );
      assert.ok(count.taken > letters / 4 && count.refused > 0, JSON.stringify(count));
      assert.ok(longest <= patience, `nobody was answered for ${longest} s`);
      // Each shares the host with those of the other sessions, and may be the next but one behind a slow one.
      assert.ok(slowest.seconds <= 2 * patience, `${slowest.id} took ${slowest.seconds} s`);
      assert.equal((await server.system.exec(["mailstack", "status"])).exitCode, 0);
    });
  });
}
