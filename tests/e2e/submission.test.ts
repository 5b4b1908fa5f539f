import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { gtube, letterHead } from "./support/letters";
import { filesWith, storedBytes } from "./support/maildir";
import { sendRaw, submitRaw } from "./support/raw-smtp";
import { forget } from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const device = "johns-laptop.home.lan";
/** What tells where a user is, or with what the mail was written. */
const telltale = [
  "Received: from desk.home.lan (desk.home.lan [192.168.77.5])",
  "\tby relay.home.lan with ESMTP id 1; Sun, 29 Nov 2026 01:00:00 +0000",
  "X-Originating-IP: [192.168.77.6]",
  "X-Forwarded-For: 192.168.77.7",
  "User-Agent: Telltale/1.0",
  "X-Mailer: Telltale 1.0",
];
const tags = 120;

for (const os of everySystem) {
  describe(`submission on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    beforeEach(() => forget(server, "rg*"));
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);

    for (const [what, head] of Object.entries({ missing: [], empty: ["Date:", "Message-ID: ", "From:"] }))
      test(`Date, Message-ID, From and To that are ${what} are there when the mail arrives, and signed`, async () => {
        const subject = server.unique("incomplete");
        const talk = await submitRaw(server, "ceo", {
          to: [friend],
          data: [`Subject: ${subject}`, ...head, "", "from a scanner"].join("\r\n"),
        });
        assert.match(talk.data, /^250 /);
        const { headers, verdicts } = await server.peer.received({ subject });
        assert.match(headers["message-id"]?.join() ?? "", /^<[^<>]+@[^<>]+>$/);
        assert.ok(Math.abs(Date.parse(headers.date?.join().replace(/ \(.*/, "") ?? "") - Date.now()) < 3600_000);
        assert.match(headers.from?.join() ?? "", new RegExp(`\\b${server.address("ceo")}`));
        assert.match(headers.to?.join() ?? "", /undisclosed/);
        assert.equal(verdicts?.dkim, "pass");
        const signed =
          /\bh=([^;]*)/
            .exec(headers["dkim-signature"]?.[0] ?? "")?.[1]
            ?.toLowerCase()
            .split(/[\s:]+/) ?? [];
        for (const name of ["from", "to", "date", "message-id"]) assert.ok(signed.includes(name), `${name}: ${signed}`);
      });

    test("a name without a domain in From gets the stack's", async () => {
      const subject = server.unique("short");
      await submitRaw(server, "ceo", { to: [friend], data: `From: ceo\r\nSubject: ${subject}\r\n\r\nhello\r\n` });
      assert.equal((await server.peer.received({ subject })).headers.from?.join(), server.address("ceo"));
    });

    test("neither where the user is nor what the mail was written with leaves this host", async () => {
      const subject = server.unique("private");
      const data = [...telltale, ...letterHead(server.address("ceo"), friend, subject), "", "hello"].join("\r\n");
      const talk = await submitRaw(server, "ceo", { to: [friend, server.address("tech")], data }, device);
      assert.match(talk.data, /^250 /);
      const message = await server.peer.received({ subject });
      const own = (message.headers.received ?? []).filter((line) => !line.includes("by mail.peer.example"));
      for (const text of [
        JSON.stringify({ ...message.headers, received: own }),
        `${await storedBytes(server, "tech", subject)}`,
      ])
        assert.doesNotMatch(text, /home\.lan|192\.168\.77|telltale|198\.51\.100\.10\b|2001:db8::10\b/i);
      // One for each station: what goes in circles is stopped by their number.
      assert.equal(own.length, 2, own.join("\n"));
      assert.equal(message.verdicts?.dkim, "pass");
    });

    test("a stranger's headers of these names stay", async () => {
      const subject = server.unique("stranger");
      const data = [...telltale, ...letterHead(friend, server.address("ceo"), subject), "", "hello"].join("\r\n");
      const talk = await sendRaw(server, { from: friend, to: [server.address("ceo")], data });
      assert.match(talk.data, /^250 /);
      const stored = `${await storedBytes(server, "ceo", subject)}`;
      for (const line of telltale) assert.ok(stored.includes(line), stored);
    });

    test("what the filter would set aside leaves unmarked; what it refuses, it refuses in words", async () => {
      // Another alphabet in each word, and no subject.
      const words = "h\u0435llo w\u043erld fr\u0456\u0435nd t\u043ed\u0430y";
      const id = `${server.unique("marked").replace(/\W+/g, ".")}@${server.hostname}`;
      const head = letterHead(server.address("ceo"), friend, "").filter((line) => !/^(Subject|Message-ID):/.test(line));
      const forged = ["X-Spam: Yes", "X-Spam-Status: No", `Authentication-Results: ${server.hostname}; dkim=pass`];
      const data = [...head, ...forged, `Message-ID: <${id}>`, "Content-Type: text/plain; charset=utf-8", "", words];
      const talk = await submitRaw(server, "ceo", { to: [friend], data: data.join("\r\n") });
      assert.match(talk.data, /^250 /);
      const { headers } = await server.peer.received({ messageId: id });
      assert.deepEqual(
        Object.keys(headers).filter((name) => /^x-(spam|rspam)/.test(name)),
        [],
      );
      assert.ok(!headers["authentication-results"]?.some((value) => value.startsWith(server.hostname)));
    });

    test("what the filter takes for spam is refused while it is submitted, in words that say so", async () => {
      const data = [...letterHead(server.address("ceo"), friend, server.unique("pattern")), "", gtube, ""].join("\r\n");
      const talk = await submitRaw(server, "ceo", { to: [friend], data });
      assert.equal(talk.data, "554 5.7.1 Our filter takes this message for spam, so it was not sent");
    });

    test("whatever part of the filter refuses a user's mail or puts it off, the user reads our words", async () => {
      const rule = "/etc/rspamd/mailstack.d/of-a-test.lua";
      const actions = ["reject", "soft reject", "reject at high score"];
      const program = `rspamd_config:register_symbol({
  name = "OF_A_TEST", type = "prefilter", score = 0.0,
  callback = function(task)
    local action = task:get_header("X-Of-A-Test")
    if action == "reject at high score" then task:set_pre_result({ action = "reject", module = "of a test" })
    elseif action then task:set_pre_result(action, "Jargon of a module", "of a test") end
  end,
})
`;
      const reloaded = () => server.system.must(["systemctl", "reload", "rspamd.service"]);
      const refused = async (action: string) => {
        const head = letterHead(server.address("ceo"), friend, server.unique("refused"));
        const data = [...head, `X-Of-A-Test: ${action}`, "", "hello", ""].join("\r\n");
        return (await submitRaw(server, "ceo", { to: [friend], data })).data;
      };
      await server.system.must(["tee", rule], { input: program });
      try {
        await reloaded();
        await until("the rule counts", async () => (await refused("reject")).startsWith("554 "), 60);
        const words = Object.fromEntries(await Promise.all(actions.map(async (each) => [each, await refused(each)])));
        assert.deepEqual(words, {
          reject: "554 5.7.1 Our filter takes this message for spam, so it was not sent",
          "soft reject": "451 4.7.1 Our filter cannot check this message now, so it was not sent; try again later",
          "reject at high score": "554 5.7.1 Our filter takes this message for spam, so it was not sent",
        });
      } finally {
        await server.system.must(["rm", rule]);
        await reloaded();
        await until("it counts no more", async () => (await refused("reject")).startsWith("250 "), 60);
      }
    });

    test("who has logged in is told after four hours that mail waits; a stranger is not", async () => {
      // Nobody answers there.
      const dead = `somebody@[203.0.113.254]`;
      const subject = server.unique("waiting");
      const data = [...letterHead(server.address("ceo"), dead, subject), "", "hello"].join("\r\n");
      const talk = await submitRaw(server, "ceo", { to: [dead], data });
      const own = /queued as (\w+)/.exec(talk.data)?.[1];
      assert.ok(own, talk.data);
      await shell(`printf 'Subject: x\\n\\nhello\\n' | sendmail -f ${friend} '${dead}'`);
      interface Queued {
        queue_name: string;
        queue_id: string;
        recipients: { address: string }[];
      }
      // A message is found only where it stays: on its way from one part of the queue to the next postcat fails. The
      // stranger's has another name there, since it goes out with a sender of this host.
      const deferred = async () =>
        (await shell("postqueue -j"))
          .split("\n")
          .filter((line) => line.startsWith("{"))
          .map((line) => JSON.parse(line) as Queued)
          .filter((each) => each.queue_name === "deferred" && each.recipients.some(({ address }) => address === dead))
          .map((each) => each.queue_id);
      await until("both are put off", async () => (await deferred()).length === 2 && (await deferred()).includes(own));
      const foreign = (await deferred()).find((id) => id !== own)!;
      const times = async (id: string) => shell(`postcat -qe ${id} | grep -aE '^(create|warning_message)_time'`);
      const seconds = async (id: string) =>
        Object.fromEntries(
          (await times(id))
            .trim()
            .split("\n")
            .map((line) => [line.split("_")[0], Date.parse(line.slice(line.indexOf(": ") + 2)) / 1000]),
        );
      const both = await Promise.all([seconds(own), seconds(foreign)]);
      await shell(`postsuper -d ${own}; postsuper -d ${foreign}`);
      const [{ create, warning }, other] = both;
      assert.equal((warning ?? NaN) - (create ?? NaN), 4 * 3600);
      assert.equal(other.warning, undefined);
    });

    test(`one mail to ${tags} tags of one user is delivered at once`, async () => {
      // Other tests may have used up what a user may send.
      await forget(server, "RL*");
      const subject = server.unique("tags");
      const to = Array.from({ length: tags }, (_, index) => server.address(`tech+${index + 1}`));
      const data = [...letterHead(server.address("ceo"), server.address("tech"), subject), "", "hello"].join("\r\n");
      const talk = await submitRaw(server, "ceo", { to, data });
      assert.match(talk.data, /^250 /);
      await until("all are there", async () => (await filesWith(server, "tech", subject)).length === tags, 60);
    });
  });
}
