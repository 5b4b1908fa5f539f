import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { letterHead } from "./support/letters";
import { filesWith, storedBytes } from "./support/maildir";
import { sendRaw, submitRaw } from "./support/raw-smtp";
import { forget } from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const utf8 = "u\u017cytkownik@peer.example";

for (const os of everySystem) {
  describe(`SMTP extensions on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    beforeEach(() => forget(server, "rg*"));
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const letter = (from: string, to: string, subject: string) =>
      [...letterHead(from, to, subject), "", "hello"].join("\r\n");

    test("what is offered is what each hop on this host has; success notices are for who has logged in", async () => {
      const data = letter(friend, friend, "nobody");
      const words = (lines: string[]) => lines.map((line) => line.split(" ")[0]!).sort();
      const common = ["8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE"];
      const stranger = await sendRaw(server, { from: friend, to: ["nobody@elsewhere.example"], data });
      assert.deepEqual(words(stranger.ehlo), [...common, "STARTTLS"].sort());
      const user = await submitRaw(server, "info", { to: [utf8], data });
      assert.deepEqual(words(user.ehlo), [...common, "AUTH", "DSN"].sort());
    });

    for (const [what, from, to, mailWords] of [
      ["a sender in UTF-8", utf8, "info", " SMTPUTF8 BODY=8BITMIME"],
      ["a sender in UTF-8 that is not announced", utf8, "info", ""],
      ["a recipient in UTF-8", friend, "\u017cka", ""],
    ] as const)
      test(`${what} is refused before the message`, async () => {
        const address = server.address(to);
        const talk = await sendRaw(server, { from, to: [address], data: letter(from, address, "utf8"), mailWords });
        assert.match(talk.mail.startsWith("5") ? talk.mail : (talk.rcpt[0] ?? ""), /^5/);
        assert.equal(talk.data, "");
      });

    test("a user who writes to an address in UTF-8 is told so at once", async () => {
      const talk = await submitRaw(server, "info", { to: [utf8], data: letter(server.address("info"), utf8, "utf8") });
      assert.match(talk.rcpt[0] ?? "", /^553 5\.6\.7 .*SMTPUTF8/);
    });

    test("headers in UTF-8 from strangers, users and cron are delivered", async () => {
      const to = server.address("info");
      const subjects = ["stranger", "user", "cron"].map((who) => server.unique(`Gr\u00fc\u00dfe \u017c ${who}`));
      const [stranger, user, cron] = subjects as [string, string, string];
      const talk = await sendRaw(server, { from: friend, to: [to], data: letter(friend, to, stranger) });
      assert.match(talk.data, /^250 /);
      await submitRaw(server, "info", { to: [to], data: letter(to, to, user) });
      await shell(`printf 'Subject: %s\\n\\nfrom cron\\n' '${cron}' | sendmail ${to}`);
      for (const subject of subjects) await storedBytes(server, "info", `Subject: ${subject}`);
    });

    test("a stranger gets no notice of success, a user does", async () => {
      const to = server.address("tech");
      const subject = server.unique("notify");
      const rcptWords = " NOTIFY=SUCCESS";
      const stranger = await sendRaw(server, { from: friend, to: [to], data: letter(friend, to, subject), rcptWords });
      assert.match(stranger.rcpt[0] ?? "", /^5/);
      await submitRaw(server, "info", { to: [to], data: letter(server.address("info"), to, subject), rcptWords });
      await until("the notice is there", async () => {
        const files = await filesWith(server, "info", subject);
        const notices = await Promise.all(files.map((file) => server.system.must(["cat", file])));
        return notices.some((text) => /^Action: (delivered|relayed)$/m.test(text));
      });
    });

    test("bounces that cannot be delivered reach the administrator: one an hour in INBOX, the others in a folder", async () => {
      const subject = server.unique("lost");
      const lose = `sendmail -f no-sender@peer.example no-recipient@peer.example`;
      await shell(`for each in 1 2 3; do printf 'Subject: %s\n\nhello\n' '${subject}' | ${lose}; done`);
      let files: string[] = [];
      await until("three notices are there", async () => {
        files = await filesWith(server, "admin", subject);
        return files.length === 3;
      });
      assert.ok(files.filter((path) => !path.includes("/.Undeliverable-Bounces/")).length <= 1, files.join("\n"));
      const notice = await server.system.must(["cat", files[0]!]);
      assert.match(notice, /^Subject: Postmaster Copy: Undelivered/m);
    });
  });
}
