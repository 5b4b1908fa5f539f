import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { waitingFolder } from "../../components/services/doors";
import { untilWell } from "./support/linode";
import { forget } from "./support/rspamd";
import { limit, SendingFilter, share } from "./support/sending-filter";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** Whose filter sends on. */
const user = "support";
/** Messages of one filter that may wait at once (host/mailstack/daemons/waiting_scripts.py). */
const most = 30;

for (const os of oneSystem("our own program counts what waits; recipient-limit.test.ts sees it wait on each system")) {
  describe(`what users' filters send and must wait, on ${os}`, () => {
    let server: Server;
    let filter: SendingFilter;
    before(async () => {
      server = await serverFor(os);
      filter = new SendingFilter(server, user);
      server.stack.configure((config) => config.setIn(["config", "mailstack:userRecipientsPerHour"], limit));
      await server.up();
    });
    beforeEach(() => forget(server, "rg*", "RL*"));
    after(async () => {
      await server.system.must(["systemctl", "start", "redis-server.service"]);
      await filter.remove();
      server.restoreConfig();
      await server.up();
      await forget(server, "rg*", "RL*");
      await untilWell(server);
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
      await filter.fromOutside(`friend+tags${Date.now()}@peer.example`, subject, tags);
    };

    test("each copy counts of one letter to many tags of the user", async () => {
      await filter.redirects(1);
      const subject = server.unique("tags");
      const many = share + most + 2;
      await toTags(subject, many);
      await until("enough waits", isFull, 300);
      const more = server.unique("more");
      await filter.fromOutside(`friend+more${Date.now()}@peer.example`, more);
      await until("further mail waits whole", async () => (await filter.queued()).deferred > 0, 300);
      await filter.hoursLater("what waited is sent on", async () => (await filter.queued()).maildrop === 0);
      await server.system.must(["postqueue", "-f"]);
      await filter.hoursLater(
        "all are sent on",
        async () => (await filter.sentOn(subject)) + (await filter.sentOn(more)) === many + 1,
      );
      await filter.untilNothingWaits();
    });

    test("and while recipients cannot be counted, what waits has the same end", async () => {
      await filter.redirects(1);
      const subject = server.unique("uncounted");
      await server.system.must(["systemctl", "stop", "redis-server.service"]);
      await toTags(subject, most + 2);
      await until("enough waits", isFull, 300);
      await server.system.must(["systemctl", "start", "redis-server.service"]);
      await untilWell(server);
      await filter.hoursLater("what waited is sent on", async () => (await filter.queued()).maildrop === 0);
      assert.equal(await isFull(), false);
      await server.system.must(["postqueue", "-f"]);
      await filter.hoursLater("all are sent on", async () => (await filter.sentOn(subject)) === most + 2);
      await filter.untilNothingWaits();
    });

    test("where much of that waits already, the mail itself waits for the filter; none is lost or sent back", async () => {
      const each = 20;
      await filter.redirects(each);
      const subject = server.unique("flood");
      const flood = (name: string) =>
        filter.fromOutside(`friend+${name}${Date.now()}@peer.example`, `${subject} ${name}`);
      await flood("one");
      await until(
        "the first is sent on as far as may be",
        async () => (await filter.queued()).maildrop === each - share,
        60,
      );
      await flood("two");
      await until("enough waits", isFull, 300);
      const active = async () =>
        (await filter.queued()).all - (await filter.queued()).maildrop - (await filter.queued()).deferred;
      await until("the second was tried", async () => (await active()) === 0, 60);
      const before = await filter.queued();
      await flood("three");
      await until("the third waits whole", async () => (await filter.queued()).deferred === before.deferred + 1, 60);
      assert.equal((await filter.queued()).maildrop, before.maildrop);
      const warning = await userFilters();
      assert.equal(warning.warn, true);
      assert.match(warning.detail, new RegExp(`of ${server.address(user)} .*waits`));
      await filter.hoursLater("what waited is sent on", async () => (await filter.queued()).maildrop === 0);
      assert.equal(await isFull(), false);
      const { detail } = await userFilters();
      assert.doesNotMatch(detail, /waits/);
      await server.system.must(["postqueue", "-f"]);
      await filter.hoursLater("all are sent on", async () => (await filter.sentOn(subject)) === 3 * each);
      await filter.untilNothingWaits();
      // Who writes is the one whom a bounce would go to.
      const bounces = await server.peer.exec(["grep", "-rlE", `Subject: (Undelivered|Delayed) Mail`, "/var/mail/peer"]);
      for (const path of bounces.stdout.split("\n").filter(Boolean))
        assert.ok(!(await server.peer.system.must(["cat", path])).includes(subject), path);
    });
  });
}
