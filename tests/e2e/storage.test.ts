import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { logIn } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

for (const os of everySystem) {
  describe(`mail on the disk of ${os}`, () => {
    let server: Server;
    const info = () => server.address("info");
    const shell = (script: string) => server.system.must(["sh", "-c", script], { timeout: 300_000 });
    const maildir = () => `/var/vmail/${server.domain}/info/Maildir`;
    const deliver = async () => {
      const subject = `storage ${os} ${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
      const body = "the same line again and again\n".repeat(400);
      await server.peer.send({ from: "friend@peer.example", to: info(), subject, body, server: server.hostname });
      await server.imapFind("info", subject);
      return subject;
    };
    const text = async (subject: string) =>
      server.system.must(["doveadm", "fetch", "-u", info(), "body", "mailbox", "INBOX", "subject", subject]);
    /** First two bytes of the newest file in INBOX. */
    const newest = async () =>
      (
        await shell(
          `cd ${maildir()} && head -c 2 "$(ls -t new/* cur/* 2>/dev/null | head -n 1)" | od -An -tx1 | tr -d ' \n'`,
        )
      ).trim();

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("every folder of the mail is its owner's alone", async () => {
      await deliver();
      const folders = (await shell(`find /var/vmail -type d -printf '%m %u:%g\n' | sort -u`)).trim();
      assert.equal(folders, "700 vmail:vmail");
      const files = (
        await shell(`find ${maildir()}/new ${maildir()}/cur -type f -printf '%m %u:%g\n' | sort -u`)
      ).trim();
      assert.equal(files, "600 vmail:vmail");
      assert.match(await shell(`ls ${maildir()}`), /^cur$[^]*^new$[^]*^tmp$/m);
    });

    test("mail is compressed with mailstack:compressMail, and all of it can be read when that is off again", async () => {
      const plain = await deliver();
      assert.notEqual(await newest(), "1f8b");
      server.stack.configure((config) => config.setIn(["config", "mailstack:compressMail"], true));
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      const compressed = await deliver();
      assert.equal(await newest(), "1f8b");
      for (const subject of [plain, compressed]) assert.match(await text(subject), /the same line again and again/);

      server.stack.configure((config) => config.deleteIn(["config", "mailstack:compressMail"]));
      await server.up();
      const after = await deliver();
      assert.notEqual(await newest(), "1f8b");
      for (const subject of [plain, compressed, after])
        assert.match(await text(subject), /the same line again and again/);
    });

    test("mail in Trash and Junk goes when it is older than the settings say, at the end of a session", async () => {
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:trashDays"], 30);
        config.setIn(["config", "mailstack:junkDays"], 7);
      });
      await server.up();
      await shell(`for folder in Trash Junk; do doveadm expunge -u ${info()} mailbox $folder all;
        printf 'Subject: old\n\nold\n' | doveadm save -u ${info()} -m $folder; done`);
      const left = async () =>
        (await shell(`doveadm -f tab mailbox status -u ${info()} messages Trash Junk | tail -n 2`))
          .trim()
          .split("\n")
          .sort()
          .join(" ")
          .replaceAll("\t", " ");
      const session = async () => logIn(server, 993, await server.login("info"));
      await session();
      assert.equal(await left(), "Junk 1 Trash 1");
      // Days are long, and a file's age cannot be feigned: from here on each is a second.
      const shorten = (days: number) =>
        shell(`sed -i 's/autoexpunge = ${days}d$/autoexpunge = 1s/' /etc/dovecot/dovecot.conf && doveadm reload`);
      await shorten(7);
      await until("Junk is empty", async () => (await session()) === "in" && (await left()) === "Junk 0 Trash 1");
      await shorten(30);
      await until("Trash is empty", async () => (await session()) === "in" && (await left()) === "Junk 0 Trash 0");
    });
  });
}
