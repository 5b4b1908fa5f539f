import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { imap, type ImapCommand, uidsOf } from "./support/imap";
import { manageSieve } from "./support/managesieve";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const user = "tech";

/** Names as users give them, and as IMAP writes them (modified UTF-7, quoted). */
const names: [name: string, written: string][] = [
  ["Dr. Jones", '"Dr. Jones"'],
  [".hidden", '".hidden"'],
  ["v1..2", '"v1..2"'],
  ["~home", '"~home"'],
  ["100% ~", '"100% ~"'],
  ["R&D", '"R&-D"'],
  ["AC\\DC^2e", '"AC\\\\DC^2e"'],
  ["Größe.2", '"Gr&APYA3w-e.2"'],
  ["trailing ", '"trailing "'],
  ["*all*", '"*all*"'],
  ["cur", '"cur"'],
  ["x".repeat(200), "x".repeat(200)],
];

/** The name in a line of LIST; Dovecot quotes it where it must. */
const nameIn = (line: string) => / "\/" "?(.*?)"?$/.exec(line)?.[1];

/** Leaves a mailbox as it was while a dot separated folders. Arguments: the mailbox's folder. */
const asBefore = `
import os, sys
home = sys.argv[1]
os.setgid(5000); os.setuid(5000); os.umask(0o077)
for part in ("cur", "new", "tmp"):
    os.makedirs(f"{home}/Maildir/.Archive.2024/{part}", exist_ok=True)
    os.makedirs(f"{home}/Maildir/.AC\\\\DC/{part}", exist_ok=True)
for name in (".Archive.2024", ".AC\\\\DC"):
    with open(f"{home}/Maildir/{name}/cur/1.old:2,S", "w") as mail: mail.write("Subject: from before\\n\\nhello\\n")
with open(f"{home}/Maildir/subscriptions", "w") as list: list.write("V\\t2\\n\\nArchive\\nArchive\\t2024\\nAC\\\\DC\\n")
os.makedirs(f"{home}/sieve", exist_ok=True)
with open(f"{home}/sieve/before.sieve", "w") as script: script.write('require "fileinto";\\nfileinto "Archive.2024";\\n')
if os.path.lexists(f"{home}/.dovecot.sieve"): os.unlink(f"{home}/.dovecot.sieve")
os.symlink("sieve/before.sieve", f"{home}/.dovecot.sieve")
`;

for (const os of everySystem) {
  describe(`folders on ${os}`, () => {
    let server: Server;
    const folder = () => `/var/vmail/${server.domain}/${user}`;
    const asked = (...commands: ImapCommand[]) => imap(server, user, commands);
    const listed = async () => (await asked(["list", '""', '"*"']))[0]!.split("\n");
    const subscribed = async (written: string) =>
      (await asked(["lsub", '""', '"*"']))[0]!
        .split("\n")
        .some((line) => nameIn(line) === written.replace(/^"|"$/g, ""));

    const send = async (subject: string) => {
      const letter = { from: friend, to: server.address(user), subject, body: `${subject} tea and lamps\n` };
      const sent = await server.peer.send({ ...letter, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
    };
    const arrives = (written: string, subject: string) =>
      until(`${subject} is in ${written}`, async () => (await uidsOf(server, user, written, subject)).length === 1);

    const clean = async () => {
      await manageSieve(server, user, [['SETACTIVE ""'], ["DELETESCRIPT", '"test"'], ["DELETESCRIPT", '"before"']]);
      await server.system.must([
        "sh",
        "-c",
        `find ${folder()}/Maildir -mindepth 1 -maxdepth 1 -name '.*' -exec rm -r {} +`,
      ]);
      await server.system.must(["rm", "-f", `${folder()}/Maildir/subscriptions`]);
    };
    before(async () => {
      server = await serverFor(os);
      await asked(["noop"]);
      await clean();
    });
    after(clean);

    test("every sign but the slash is part of a folder's name, and the folder takes mail", async () => {
      const mail = "Subject: here\r\n\r\nhello\r\n";
      await asked(
        ...names.flatMap(([, written]): ImapCommand[] => [
          ["create", written],
          ["append", written, "", "", mail],
        ]),
      );
      const counts = await asked(...names.map(([, written]): ImapCommand => ["status", written, "(MESSAGES)"]));
      for (const [index, [name]] of names.entries()) assert.match(counts[index]!, /\(MESSAGES 1\)$/, name);
      const lines = await listed();
      for (const [name, written] of names)
        assert.ok(
          lines.some((line) => nameIn(line) === written.replace(/^"|"$/g, "")),
          `${name} is not in\n${lines.join("\n")}`,
        );
    });

    test("a slash separates folders; special folders have their names, one each", async () => {
      await asked(["create", "Kunden/Huber/2026"]);
      const lines = await listed();
      assert.ok(lines.includes('(\\HasNoChildren) "/" Kunden/Huber/2026'), lines.join("\n"));
      assert.ok(
        lines.some((line) => /\\HasChildren.* "\/" Kunden\/Huber$/.test(line)),
        lines.join("\n"),
      );
      for (const name of ["Archive", "Drafts", "Junk", "Sent", "Trash"])
        assert.equal(
          lines.filter((line) => line.includes(`\\${name})`) && line.endsWith(`"/" ${name}`)).length,
          1,
          name,
        );
    });

    test("a name that is too long or has an empty part is refused, and the session goes on", async () => {
      for (const wrong of ["y".repeat(300), '"a//b"', '"/a"'])
        await assert.rejects(asked(["create", wrong]), /create .*NO/, wrong);
    });

    test("a filter files into each of them, also where the folder is not there yet", async () => {
      for (const [target, written] of [
        ["Dr. Smith", '"Dr. Smith"'],
        ["Kunden/Meyer", "Kunden/Meyer"],
        ["Prof. Größe/R&D", '"Prof. Gr&APYA3w-e/R&-D"'],
      ] as const) {
        const script = `require ["fileinto"];\nfileinto "${target}";\n`;
        const { answers } = await manageSieve(server, user, [
          ["PUTSCRIPT", '"test"', script],
          ["SETACTIVE", '"test"'],
        ]);
        assert.deepEqual(
          answers.map((answer) => answer.slice(0, 2)),
          ["OK", "OK"],
          answers.join("\n"),
        );
        const subject = server.unique("filed");
        await send(subject);
        await arrives(written, subject);
        assert.ok(await subscribed(written), written);
      }
    });

    test("folders, subscriptions and filters from the time of the dot still lead to the same mail on disk", async () => {
      await clean();
      await server.system.must(["python3", "-c", asBefore, folder()]);
      await server.system.must(["rm", "-f", "/var/lib/mailstack/folders-by-slash"]);
      await server.system.must(["mailstack", "folder-names"]);
      for (const written of ["Archive/2024", '"AC\\\\DC"']) {
        assert.equal((await uidsOf(server, user, written, "from before")).length, 1, written);
        assert.ok(await subscribed(written), written);
      }
      const subject = server.unique("old filter");
      await send(subject);
      await arrives("Archive/2024", subject);
      const stored = await server.system.must(["grep", "-rlF", subject, `${folder()}/Maildir/.Archive.2024`]);
      assert.match(stored, /\/(cur|new)\//);
      const script = await server.system.must(["stat", "-c", "%U:%G %a", `${folder()}/sieve/before.sieve`]);
      assert.equal(script, "vmail:vmail 600\n");
    });
  });
}
