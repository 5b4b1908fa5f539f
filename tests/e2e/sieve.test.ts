import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { imap, move, uidsOf } from "./support/imap";
import { manageSieve } from "./support/managesieve";
import { forget, learned } from "./support/rspamd";
import { knock } from "./support/guesser";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const user = "support";

/** Delivers a message as Postfix does after Rspamd has marked it. Arguments: address; standard input: the message. */
const deliver = `
import smtplib, sys
session = smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp")
session.sendmail("${friend}", [sys.argv[1]], sys.stdin.read())
`;

for (const os of everySystem) {
  describe(`Sieve on ${os}`, () => {
    let server: Server;
    const sieve = (...commands: string[][]) => manageSieve(server, user, commands);
    const inFolder = async (folder: string, subject: string) => (await uidsOf(server, user, folder, subject)).length;
    const arrived = (folder: string, subject: string) =>
      until(`${subject} is in ${folder}`, async () => (await inFolder(folder, subject)) === 1);

    /** Enough different words for the classifier. */
    const words = (subject: string) =>
      `${subject} ${subject.split("").join(" word")} hills rivers lamps carpets tea.\n`;

    async function send(subject: string, headers: Record<string, string> = {}): Promise<void> {
      const letter = { from: friend, to: server.address(user), subject, body: words(subject), headers };
      const sent = await server.peer.send({ ...letter, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
    }

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await sieve(['SETACTIVE ""'], ["DELETESCRIPT", '"test"']);
      await imap(server, user, [["delete", "Orders"]]);
    });

    test("what Rspamd marks goes to Junk", async () => {
      const subject = server.unique("marked");
      const input = `From: ${friend}\nSubject: ${subject}\nX-Spam: Yes\n\nhello\n`;
      await server.system.must(["python3", "-c", deliver, server.address(user)], { input });
      await arrived("Junk", subject);
      assert.equal(await inFolder("INBOX", subject), 0);
    });

    test("a user's own script, put there through ManageSieve inside TLS, files mail", async () => {
      const script =
        'require ["fileinto", "mailbox"];\nif header :contains "Subject" "order" { fileinto :create "Orders"; }\n';
      const talk = await sieve(["PUTSCRIPT", '"test"', script], ["SETACTIVE", '"test"'], ["GETSCRIPT", '"test"']);
      assert.match(talk.greeting, /"SIEVE" ".*vacation/);
      assert.match(talk.login, /^OK/);
      assert.deepEqual(
        talk.answers.map((answer) => answer.slice(0, 2)),
        ["OK", "OK", `{${script.length}`.slice(0, 2)],
      );
      const subject = server.unique("order");
      await send(subject);
      await arrived("Orders", subject);
    });

    test("a script that does not compile is refused, the old one stays", async () => {
      const { answers } = await sieve(
        ["PUTSCRIPT", '"test"', 'if header :contains "Subject" { discard; }\nkeep;\n'],
        ["LISTSCRIPTS"],
        ["GETSCRIPT", '"test"'],
      );
      assert.match(answers[0]!, /^NO [^]*line 1: error/);
      assert.match(answers[1]!, /^"test" ACTIVE/m);
      assert.match(answers[2]!, /fileinto :create "Orders"/);
      const subject = server.unique("order");
      await send(subject);
      await arrived("Orders", subject);
    });

    test("more redirects than a script may have: each message is kept, whatever else the script says", async () => {
      const unique = server.unique("redirects");
      const target = (each: number) => `redirect "friend+${each}@peer.example";`;
      const many = Array.from({ length: 51 }, (_, each) => target(each)).join("\n");
      const scripts = [many, `${many}\ndiscard;`, `require "fileinto";\nfileinto "Junk";\n${many}`];
      for (const [index, script] of scripts.entries()) {
        const { answers } = await sieve(["PUTSCRIPT", '"test"', `${script}\n`], ["SETACTIVE", '"test"']);
        for (const answer of answers) assert.match(answer, /^OK/);
        await send(`${unique} ${index}`);
        await arrived("INBOX", `${unique} ${index}`);
        assert.equal(await inFolder("Junk", `${unique} ${index}`), 0);
      }
      assert.equal((await server.system.must(["postqueue", "-j"])).trim(), "", "nothing waits to be sent");
      assert.equal(
        (await server.peer.exec(["grep", "-rlF", `Subject: ${unique}`, "/var/mail/peer"])).stdout.trim(),
        "",
      );
    });

    test("a user's script runs no program", async () => {
      const pipe = 'require ["vnd.dovecot.pipe"];\npipe "learn-spam";\n';
      const { answers } = await sieve(["PUTSCRIPT", '"test"', pipe]);
      assert.match(answers[0]!, /^NO [^]*restricted to global scripts/);
    });

    test("a wrong password is refused, and nobody gets in from outside", async () => {
      assert.match((await manageSieve(server, user, [], "wrong")).login, /^NO/);
      assert.notEqual(await knock(server, 4190), "open");
    });

    test("an absence is told once, signed, and not to lists", async () => {
      const gone = server.unique("I am away");
      // `:days 0` would answer each message.
      const script = `require ["vacation"];\nvacation :days 0 :subject "${gone}" "Back on Monday.";\n`;
      const { answers } = await sieve(["PUTSCRIPT", '"test"', script]);
      assert.match(answers[0]!, /^OK/);
      for (const [name, value] of [
        ["List-Id", "<news.peer.example>"],
        ["Precedence", "bulk"],
        ["Auto-Submitted", "auto-replied"],
      ] as const) {
        const subject = server.unique("list");
        await send(subject, { [name]: value });
        await arrived("INBOX", subject);
      }
      const first = server.unique("question");
      await send(first);
      const reply = await server.peer.received({ subject: gone });
      assert.match(reply.headers["auto-submitted"]?.[0] ?? "", /^auto-replied/);
      assert.equal(reply.verdicts?.dkim, "pass");
      assert.equal(reply.verdicts?.dmarc, "pass");
      const second = server.unique("question");
      await send(second);
      await arrived("INBOX", second);
      await until("the queue is empty", async () => (await server.system.must(["postqueue", "-j"])).trim() === "");
      const told = await server.peer.exec(["grep", "-rlF", gone, "/var/mail/peer/friend/new"]);
      assert.equal(told.stdout.trim().split("\n").length, 1, told.stdout);
    });

    test("moving to Junk teaches spam, moving out of it teaches ham, throwing spam away teaches nothing", async () => {
      await sieve(['SETACTIVE ""']);
      // What Redis had saved before another file killed it may know these words already.
      await forget(server, "RS*", "learned_ids*");
      const [good, bad] = [server.unique("good"), server.unique("bad")];
      for (const subject of [good, bad]) {
        await send(subject);
        await arrived("INBOX", subject);
      }
      const start = await learned(server);
      assert.equal(await move(server, user, bad, "INBOX", "Junk"), 1);
      assert.equal(await move(server, user, good, "INBOX", "Junk"), 1);
      await until("spam was learned", async () => (await learned(server)).spam === start.spam + 2);

      assert.equal(await move(server, user, bad, "Junk", "Trash"), 1);
      assert.equal(await move(server, user, good, "Junk", "INBOX"), 1);
      await until("ham was learned", async () => (await learned(server)).ham === start.ham + 1);
      assert.equal(await inFolder("INBOX", good), 1, "it stays where it was put");
      // What was learned the other way is taken back.
      assert.deepEqual(await learned(server), { spam: start.spam + 1, ham: start.ham + 1 });
      const log = await server.system.must(["journalctl", "--unit=dovecot.service", "--since=-2min", "--output=cat"]);
      assert.doesNotMatch(log, /failed to execute|learn-\w+: (?:Error|Fatal)/);
    });
  });
}
