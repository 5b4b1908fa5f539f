import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackupServer, stopTimer } from "./support/backup-server";
import { oneSystem, serverFor, type Server } from "./support/servers";

/** What whoever is root on the host has: the program's own way to the repository. */
const asTheHost = [
  "import sys; sys.path.insert(0, sys.argv[1])",
  "from mailstack.backup import settings; from mailstack.backup.restic import Restic",
  "restic = Restic(settings.load())",
  "print(restic.run(*sys.argv[2:], doing='refused', timeout=90)[1])",
].join("\n");

for (const os of oneSystem("what is refused is refused by the server, which is the same for every host")) {
  describe(`backups of ${os} on a server that deletes nothing`, () => {
    let server: Server;
    let target: BackupServer;

    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const run = (...command: string[]) => server.system.exec(["mailstack", ...command], { timeout: 300_000 });
    const info = () => server.address("info");
    const program = async () =>
      /path.insert\(0, ["'](.*?)["']\)|["'](\/usr\/local\/lib\/mailstack\/[^"']+)["']/
        .exec(await shell("cat /usr/local/sbin/mailstack"))!
        .slice(1)
        .find(Boolean)!;
    const restic = async (...words: string[]) =>
      server.system.exec(["python3", "-c", asTheHost, await program(), ...words], { timeout: 300_000 });
    const listed = async () =>
      (JSON.parse(await shell("mailstack backup list --json")) as { id: string }[]).map(({ id }) => id);
    /** Every file there, but for locks, which come and go. */
    const files = async () =>
      (await target.shell(`cd ${target.folder} && find . -type f ! -path './locks/*' -exec sha256sum {} +`)).split(
        "\n",
      );
    const status = async () => (await run("status")).stdout;

    before(async () => {
      server = await serverFor(os);
      target = await BackupServer.of(server, "keeper", true);
      await server.up();
      await stopTimer(server);
    });
    after(async () => {
      // Checked once more before it goes.
      await shell("systemctl start mailstack-backup.timer");
      server.restoreConfig();
      await server.up();
      await target.close();
    });

    test("the host backs up there again and again, and leaves no lock", async () => {
      for (let runs = 0; runs < 2; runs += 1) {
        const done = await run("backup", "run");
        assert.equal(done.exitCode, 0, done.stderr);
      }
      // The timer may have made some more.
      assert.ok((await listed()).length >= 4);
      assert.equal((await target.shell(`ls ${target.folder}/locks`)).trim(), "");
      assert.match(await status(), /^ok +backup +state 0\.0 h old, mail 0\.0 h old/m);
    });

    test("whoever is root on the host can neither delete a backup nor reach anything else on the server", async () => {
      const [before, known] = [await files(), await listed()];
      const forget = await restic("forget", "--prune", known[0]!);
      assert.notEqual(forget.exitCode, 0, forget.stdout);
      const direct = (words: string) =>
        shell(
          `ssh -i /etc/mailstack-backup/ssh-key -o UserKnownHostsFile=/etc/mailstack-backup/known-hosts -o BatchMode=yes ` +
            `${words} </dev/null 2>&1 || true`,
        );
      const login = /:\/\/(.*)$/.exec(target.repository)![1]!;
      await direct(`${login} rm -rf ${target.folder}`);
      await direct(`-s ${login} sftp`);
      const now = await files();
      // More may be there, and nothing else.
      assert.deepEqual(
        before.filter((file) => !now.includes(file)),
        [],
      );
      assert.deepEqual(await listed(), known);
      await shell("mailstack backup check --read 1/1");
    });

    test("the next run is good, and mail is restored from there", async () => {
      await shell(`printf 'Subject: kept there\\n\\nhello\\n' | doveadm save -u ${info()} -m INBOX`);
      const done = await run("backup", "run");
      assert.equal(done.exitCode, 0, done.stderr);
      const restored = (await shell(`mailstack restore user ${info()} --folder INBOX`)).trim();
      const found = await shell(`doveadm search -u ${info()} mailbox '${restored}*' subject 'kept there'`);
      assert.notEqual(found.trim(), "");
      await shell(
        `doveadm mailbox list -u ${info()} '${restored}/*' | xargs -d '\\n' -n 1 doveadm mailbox delete -u ${info()}`,
      );
      await shell(`doveadm expunge -u ${info()} mailbox INBOX subject 'kept there'`);
    });

    test("the server's administrator deletes old backups, and the host goes on", async () => {
      const { stdout: password } = await server.stack.pulumi(["stack", "output", "backupPassword", "--show-secrets"]);
      const there = (words: string) =>
        target.shell(`export RESTIC_PASSWORD='${password.trim()}'; restic -r ${target.folder} ${words}`);
      // Within, not last: a broken-in host could add backups until the good ones are no longer among the last.
      const had = await listed();
      await there("forget --prune --group-by tags --keep-within-daily 30d");
      await target.shell(`chown -R --reference=${target.folder}/.. ${target.folder}`);
      const left = await listed();
      assert.ok(left.length < had.length, String(left.length));
      assert.deepEqual(left.slice(-2), had.slice(-2));
      const done = await run("backup", "run");
      assert.equal(done.exitCode, 0, done.stderr);
      assert.deepEqual((await listed()).slice(0, left.length), left);
      assert.match(await status(), /^ok +backup +/m);
    });
  });
}
