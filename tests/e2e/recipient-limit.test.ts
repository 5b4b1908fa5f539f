import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { redisSocket } from "../../components/services/redis";
import { uidsOf } from "./support/imap";
import { untilWell } from "./support/linode";
import { forget } from "./support/rspamd";
import { limit, SendingFilter, share } from "./support/sending-filter";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** Whose filter sends on. */
const user = "support";

for (const os of everySystem) {
  describe(`the limit of recipients on ${os}`, () => {
    let server: Server;
    let filter: SendingFilter;
    before(async () => {
      server = await serverFor(os);
      filter = new SendingFilter(server, user);
    });
    beforeEach(() => forget(server, "rg*", "RL*"));
    after(async () => {
      await server.system.must(["systemctl", "restart", "redis-server.service"]);
      await filter.remove();
      server.restoreConfig();
      await server.up();
      await forget(server, "rg*", "RL*");
      await untilWell(server);
    });

    const submit = async (from: string, to: string[], subject: string) =>
      server.peer.send({
        ...{ from: server.address(from), to, subject, server: server.hostname, port: 587, tls: "required" },
        ...(await server.login(from)),
      });
    const write = () => submit("info", [friend], server.unique("counted"));
    const assertPutOff = async (why: string) => {
      const { code, reply, transcript } = await write();
      assert.equal(code, 451, `${why}: ${transcript}`);
      assert.match(reply, /4\.7\.1 Recipients cannot be counted now/, why);
    };
    const assertSent = async () => {
      const { code, transcript } = await write();
      assert.equal(code, 250, transcript);
    };

    test("while Redis is down, users' mail is put off: a stolen password sends nothing uncounted", async () => {
      await assertSent();
      await server.system.must(["systemctl", "stop", "redis-server.service"]);
      await assertPutOff("stopped");
      await server.system.must(["systemctl", "start", "redis-server.service"]);
      await untilWell(server);
      await assertSent();
    });

    test("and while it answers but takes nothing new", async () => {
      const set = ["redis-cli", "-s", redisSocket, "config", "set"];
      await server.system.must([...set, "maxmemory-policy", "noeviction"]);
      await server.system.must([...set, "maxmemory", "1"]);
      await assertPutOff("full");
      await server.system.must(["systemctl", "restart", "redis-server.service"]);
      await untilWell(server);
      await assertSent();
    });

    test("a stolen account is stopped, other users go on", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:userRecipientsPerHour"], limit));
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      const many = Array.from({ length: limit }, (_, number) => server.address(`${user}+${number}`));
      const first = await submit("info", many, server.unique("mass"));
      assert.equal(first.code, 250, first.transcript);
      // `postmaster` among the recipients is no way around.
      const second = await submit("info", [friend, server.address("postmaster")], server.unique("mass"));
      assert.equal(second.code, 451, second.transcript);
      assert.match(second.reply, /4\.7\.1 Too many recipients within an hour/);
      assert.equal((await submit("tech", [friend], server.unique("other"))).code, 250);
    });

    test("what a user's filter sends counts for that user: the rest waits, and goes when there is room", async () => {
      await filter.redirects(6, ":copy");
      const subject = server.unique("many");
      for (const each of ["one", "two"]) {
        await filter.fromOutside(`${each}${Date.now()}@peer.example`, `${subject} ${each}`);
        await until(
          "it is in the mailbox",
          async () => (await uidsOf(server, user, "INBOX", `${subject} ${each}`)).length === 1,
        );
      }
      const waiting = 12 - share;
      await until(
        "the filter's share is sent on, the rest waits",
        async () => (await filter.sentOn(subject)) === share && (await filter.queued()).all === waiting,
      );
      assert.deepEqual(await filter.queued(), { maildrop: waiting, deferred: 0, all: waiting });
      // What is left is for what the user writes, who is stopped there as well.
      for (let left = limit - share; left >= 0; left -= 1) {
        const own = await submit(user, [friend], server.unique("own"));
        assert.equal(own.code, left > 0 ? 250 : 451, own.transcript);
        if (left === 0) assert.match(own.reply, /4\.7\.1 Too many recipients within an hour/);
      }
      assert.equal((await submit("tech", [friend], server.unique("other"))).code, 250);
      await filter.hoursLater("all are sent on", async () => (await filter.sentOn(subject)) === 12);
      await filter.untilNothingWaits();
    });
  });
}
