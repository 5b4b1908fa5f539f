import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { waitingFolder } from "../../components/services/doors";
import { redisSocket } from "../../components/services/redis";
import { uidsOf } from "./support/imap";
import { untilWell } from "./support/linode";
import { manageSieve } from "./support/managesieve";
import { forget } from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** Whose filter sends on. */
const user = "support";
const limit = 10;
/** Of those the filter may use. */
const share = 8;
/** Messages of one filter that may wait at once (host/mailstack/daemons/waiting_scripts.py). */
const most = 30;

for (const os of everySystem) {
  describe(`the limit of recipients on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    beforeEach(() => forget(server, "rg*", "RL*"));
    after(async () => {
      await server.system.must(["systemctl", "restart", "redis-server.service"]);
      await manageSieve(server, user, [['SETACTIVE ""'], ["DELETESCRIPT", '"forward"']]);
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
    const fromOutside = async (from: string, subject: string, to = [server.address(user)]) => {
      const sent = await server.peer.send({ from, to, subject, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
    };
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

    /** Strangers write to {@link user}, whose filter sends each letter on to so many addresses. */
    const redirects = async (many: number, copy = "") => {
      const target = (each: number) => `redirect ${copy} "friend+${each}@peer.example";\n`;
      const script = `require ["copy"];\n${Array.from({ length: many }, (_, each) => target(each)).join("")}`;
      const { answers } = await manageSieve(server, user, [
        ["PUTSCRIPT", '"forward"', script],
        ["SETACTIVE", '"forward"'],
      ]);
      for (const answer of answers) assert.match(answer, /^OK/);
    };
    const sentOn = async (subject: string) =>
      (await server.peer.exec(["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer"])).stdout
        .trim()
        .split("\n")
        .filter(Boolean).length;
    /** Messages in each part of Postfix's queue. */
    const queued = async () => {
      const lines = (await server.system.must(["postqueue", "-j"])).split("\n").filter(Boolean);
      const names = lines.map((line) => (JSON.parse(line) as { queue_name: string }).queue_name);
      const many = (name: string) => names.filter((each) => each === name).length;
      return { maildrop: many("maildrop"), deferred: many("deferred"), all: names.length };
    };
    /** As if hours went by: what waits is tried each time that its user may send again. */
    const hoursLater = async (what: string, over: () => Promise<boolean>) =>
      until(
        what,
        async () => {
          await forget(server, "RL*");
          // It would wait for pickup, which takes a second for each message where many were put off (in_flow_delay).
          await server.system.exec(["timeout", "1", "postkick", "public", "pickup", "W"]);
          return over();
        },
        300,
      );

    test("what a user's filter sends counts for that user: the rest waits, and goes when there is room", async () => {
      await redirects(6, ":copy");
      const subject = server.unique("many");
      for (const each of ["one", "two"]) {
        await fromOutside(`${each}${Date.now()}@peer.example`, `${subject} ${each}`);
        await until(
          "it is in the mailbox",
          async () => (await uidsOf(server, user, "INBOX", `${subject} ${each}`)).length === 1,
        );
      }
      const waiting = 12 - share;
      await until(
        "the filter's share is sent on, the rest waits",
        async () => (await sentOn(subject)) === share && (await queued()).all === waiting,
      );
      assert.deepEqual(await queued(), { maildrop: waiting, deferred: 0, all: waiting });
      // What is left is for what the user writes, who is stopped there as well.
      for (let left = limit - share; left >= 0; left -= 1) {
        const own = await submit(user, [friend], server.unique("own"));
        assert.equal(own.code, left > 0 ? 250 : 451, own.transcript);
        if (left === 0) assert.match(own.reply, /4\.7\.1 Too many recipients within an hour/);
      }
      assert.equal((await submit("tech", [friend], server.unique("other"))).code, 250);
      await hoursLater("all are sent on", async () => (await sentOn(subject)) === 12);
      await until("the queue is empty", async () => (await queued()).all === 0);
    });

    /** Whether so much of what the filter sends waits that no more is taken. */
    const isFull = async () =>
      (await server.system.exec(["test", "-e", `${waitingFolder}/${server.address(user)}`])).exitCode === 0;
    /** What `mailstack status` says about users' filters. */
    const userFilters = async () => {
      const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
      const checks = JSON.parse(stdout) as { check: string; warn: boolean; detail: string }[];
      return checks.find(({ check }) => check === "user filters")!;
    };
    /** One letter to many tags of {@link user}: each copy has the same Message-ID and is sent on to the same address. */
    const toTags = async (subject: string, many: number) => {
      const tags = Array.from({ length: many }, (_, number) => server.address(`${user}+${number}`));
      await fromOutside(`friend+tags${Date.now()}@peer.example`, subject, tags);
    };

    test("each copy counts of one letter to many tags of the user", async () => {
      await redirects(1);
      const subject = server.unique("tags");
      const many = share + most + 2;
      await toTags(subject, many);
      await until("enough waits", isFull, 300);
      const more = server.unique("more");
      await fromOutside(`friend+more${Date.now()}@peer.example`, more);
      await until("further mail waits whole", async () => (await queued()).deferred > 0, 300);
      await hoursLater("what waited is sent on", async () => (await queued()).maildrop === 0);
      await server.system.must(["postqueue", "-f"]);
      await hoursLater("all are sent on", async () => (await sentOn(subject)) + (await sentOn(more)) === many + 1);
      await until("the queue is empty", async () => (await queued()).all === 0);
    });

    test("and while recipients cannot be counted, what waits has the same end", async () => {
      await redirects(1);
      const subject = server.unique("uncounted");
      await server.system.must(["systemctl", "stop", "redis-server.service"]);
      await toTags(subject, most + 2);
      await until("enough waits", isFull, 300);
      await server.system.must(["systemctl", "start", "redis-server.service"]);
      await untilWell(server);
      await hoursLater("what waited is sent on", async () => (await queued()).maildrop === 0);
      assert.equal(await isFull(), false);
      await server.system.must(["postqueue", "-f"]);
      await hoursLater("all are sent on", async () => (await sentOn(subject)) === most + 2);
      await until("the queue is empty", async () => (await queued()).all === 0);
    });

    test("where much of that waits already, the mail itself waits for the filter; none is lost or sent back", async () => {
      const each = 20;
      await redirects(each);
      const subject = server.unique("flood");
      const flood = (name: string) => fromOutside(`friend+${name}${Date.now()}@peer.example`, `${subject} ${name}`);
      await flood("one");
      await until("the first is sent on as far as may be", async () => (await queued()).maildrop === each - share, 60);
      await flood("two");
      await until("enough waits", isFull, 300);
      const active = async () => (await queued()).all - (await queued()).maildrop - (await queued()).deferred;
      await until("the second was tried", async () => (await active()) === 0, 60);
      const before = await queued();
      await flood("three");
      await until("the third waits whole", async () => (await queued()).deferred === before.deferred + 1, 60);
      assert.equal((await queued()).maildrop, before.maildrop);
      const warning = await userFilters();
      assert.equal(warning.warn, true);
      assert.match(warning.detail, new RegExp(`of ${server.address(user)} .*waits`));
      await hoursLater("what waited is sent on", async () => (await queued()).maildrop === 0);
      assert.equal(await isFull(), false);
      const { detail } = await userFilters();
      assert.doesNotMatch(detail, /waits/);
      await server.system.must(["postqueue", "-f"]);
      await hoursLater("all are sent on", async () => (await sentOn(subject)) === 3 * each);
      await until("the queue is empty", async () => (await queued()).all === 0);
      // Who writes is the one whom a bounce would go to.
      const bounces = await server.peer.exec(["grep", "-rlE", `Subject: (Undelivered|Delayed) Mail`, "/var/mail/peer"]);
      for (const path of bounces.stdout.split("\n").filter(Boolean))
        assert.ok(!(await server.peer.system.must(["cat", path])).includes(subject), path);
    });
  });
}
