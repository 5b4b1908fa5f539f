import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { imap, uidsOf } from "./support/imap";
import { manageSieve } from "./support/managesieve";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const user = "info";

/** Aliases that only this file needs, as rows; an `up` takes them away. */
const aliases: [alias: string, ...destinations: string[]][] = [
  ["office", "sales"],
  ["team", "info", "support"],
  ["staff", "team"],
  ["", "info"],
];

/** Hands messages over as Postfix does. Arguments: address. Standard input: a list of [sender, message]. */
const deliver = `
import json, smtplib, sys
with smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp") as session:
    for sender, message in json.load(sys.stdin):
        session.sendmail(sender, [sys.argv[1]], message)
`;

for (const os of everySystem) {
  describe(`aliases and absences on ${os}`, () => {
    let server: Server;
    const sql = (text: string) => server.system.must(["sqlite3", "/var/lib/mailserver/mail.db", text]);
    const rows = () =>
      aliases.flatMap(([alias, ...to]) => to.map((each) => `('${server.address(alias)}', '${server.address(each)}')`));

    const send = async (to: string | string[], subject: string, headers: Record<string, string> = {}) => {
      const letter = { from: friend, to, subject, body: `${subject}: lamps and tea\n`, headers };
      const sent = await server.peer.send({ ...letter, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
    };
    const inFolder = async (folder: string, subject: string, who = user) =>
      (await uidsOf(server, who, folder, subject)).length;
    const arrives = (folder: string, subject: string, who = user) =>
      until(`${subject} is in ${folder}`, async () => (await inFolder(folder, subject, who).catch(() => 0)) > 0);
    const stored = async (who: string, subject: string) => {
      const folder = `/var/vmail/${server.domain}/${who}/Maildir`;
      const paths = (
        await server.system.must(["grep", "-rlF", `Subject: ${subject}`, `${folder}/cur`, `${folder}/new`])
      )
        .trim()
        .split("\n");
      return Promise.all(paths.map((path) => server.system.must(["cat", path])));
    };

    const activate = async (script: string) => {
      const { answers } = await manageSieve(server, user, [
        ["PUTSCRIPT", '"test"', script],
        ["SETACTIVE", '"test"'],
      ]);
      assert.match(answers.join("\n"), /^OK[^]*\nOK/);
    };
    const goAway = async () => {
      const gone = server.unique("I am away");
      await activate(`require ["vacation"];\nvacation :subject "${gone}" :handle "${gone}" "Back on Monday.";\n`);
      return gone;
    };
    /** How often the friend was told, once everything that was sent to the friend is there. */
    const told = async (gone: string) => {
      await until("the queue is empty", async () => (await server.system.must(["postqueue", "-j"])).trim() === "");
      const found = await server.peer.exec(["grep", "-rlF", gone, "/var/mail/peer"]);
      return found.stdout.split("\n").filter(Boolean).length;
    };

    before(async () => {
      server = await serverFor(os);
      await sql(`INSERT OR IGNORE INTO aliases VALUES ${rows().join(", ")}`);
    });
    after(async () => {
      await manageSieve(server, user, [['SETACTIVE ""'], ["DELETESCRIPT", '"test"']]);
      await sql(`DELETE FROM aliases WHERE (source, destination) IN (VALUES ${rows().join(", ")})`);
      await imap(server, user, [
        ["delete", "Sales"],
        ["delete", "Office"],
      ]);
    });

    test("filters know by which alias a mail came, whatever its To says", async () => {
      await activate(
        'require ["fileinto", "envelope", "mailbox"];\n' +
          `if envelope :is "to" "${server.address("sales")}" { fileinto :create "Sales"; }\n` +
          `elsif header :is "X-Original-To" "${server.address("office")}" { fileinto :create "Office"; }\n`,
      );
      for (const [alias, folder] of [
        ["sales", "Sales"],
        ["office", "Office"],
        [user, "INBOX"],
      ] as const) {
        const subject = server.unique(`by ${alias}`);
        await send(server.address(alias), subject, { To: "Everybody <list@peer.example>" });
        await arrives(folder, subject);
      }
    });

    test("each copy names the address that it was sent to, and no other that the sender kept hidden", async () => {
      await activate("keep;\n");
      const subject = server.unique("hidden");
      const all = ["sales", user, "support", "tech+tag"].map((name) => server.address(name));
      await send(all, subject, { To: "Some of us <staff@peer.example>" });
      for (const [who, own] of [
        [user, ["sales", user]],
        ["support", ["support"]],
        ["tech", ["tech+tag"]],
      ] as const) {
        await until(`${who} has it`, async () => (await inFolder("INBOX", subject, who)) === own.length);
        for (const text of await stored(who, subject)) {
          const named = all.filter((address) => text.toLowerCase().includes(address));
          assert.equal(
            named.filter((address) => !own.some((name) => address === server.address(name))).length,
            0,
            text,
          );
          assert.match(text, /^X-Original-To: /m);
        }
      }
    });

    test("an absence is told to who writes to an alias that leads to the user alone, from that alias", async () => {
      for (const alias of ["sales", "office", "sales+tag", "no.such.name"]) {
        const gone = await goAway();
        await send(server.address(alias), server.unique("question"), { To: server.address(alias) });
        const reply = await server.peer.received({ subject: gone });
        assert.match(reply.headers.from?.[0] ?? "", new RegExp(`^<?${server.address(alias).replace("+", "\\+")}>?$`));
      }
    });

    test("an absence is not told to who writes to an alias that leads to others too", async () => {
      const gone = await goAway();
      for (const alias of ["team", "staff", "team+tag"]) {
        const subject = server.unique(`to ${alias}`);
        await send(server.address(alias), subject, { To: server.address(alias) });
        await arrives("INBOX", subject);
      }
      assert.equal(await told(gone), 0);
      const subject = server.unique("to the user");
      await send(server.address(user), subject);
      await server.peer.received({ subject: gone });
    });

    test("an absence is told to nobody who does not read it", async () => {
      const silent: [sender: string, ...headers: string[]][] = [
        ["noreply@peer.example"],
        ["Do-Not-Reply@peer.example"],
        ["shop.no_reply+123@peer.example"],
        ["bounces+4711=info@peer.example"],
        ["MAILER-DAEMON@peer.example"],
        ["owner-news@peer.example"],
        ["news-REQUEST@peer.example"],
        [friend, "From: Shop <no-reply@peer.example>"],
        [friend, "Sender: news-owner@peer.example"],
        [friend, "Precedence: bulk"],
        [friend, "Precedence: auto_reply"],
        [friend, "Auto-Submitted: auto-generated"],
        [friend, "List-Id: <news.peer.example>"],
        [friend, "List-Unsubscribe: <https://peer.example/>"],
        [friend, "X-Auto-Response-Suppress: OOF"],
        [friend, "X-Autoreply: yes"],
      ];
      const gone = await goAway();
      const letter = (sender: string, ...headers: string[]): [string, string] => {
        const from = headers.some((line) => line.startsWith("From:")) ? [] : [`From: ${sender}`];
        const lines = [...from, ...headers, `To: ${server.address(user)}`, `Subject: ${gone} ${sender}`];
        return [sender, `${lines.join("\n")}\n\nhello\n`];
      };
      const hand = (...letters: [string, string][]) =>
        server.system.must(["python3", "-c", deliver, server.address(user)], { input: JSON.stringify(letters) });
      await hand(...silent.map(([sender, ...headers]) => letter(sender, ...headers)));
      assert.equal(await told(gone), 0);
      // People, though their names come near; the peer has mailboxes for two of its own names only.
      const people = ["norbert.reply@peer.example", "the.owner@peer.example", "bouncer@peer.example"];
      await hand(...people.map((sender) => letter(sender)));
      const log = await server.system.must(["journalctl", "--unit=dovecot.service", "--since=-3min", "--output=cat"]);
      for (const sender of people)
        assert.ok(log.includes(`sent vacation response to <${sender}>`), `${sender}: ${log}`);
    });
  });
}
