import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackupServer } from "./support/backup-server";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

for (const os of oneSystem(
  "restic of Debian 12 is what the tests of the host program run, that of Debian 13 runs here",
)) {
  describe(`backups of ${os}`, () => {
    let server: Server;
    let target: BackupServer;
    /** Folder that mail was restored into. */
    let restored = "";
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const run = (...command: string[]) => server.system.exec(["mailstack", ...command], { timeout: 300_000 });
    /** The timer is stopped, so not everything is well. */
    const status = async () => (await run("status")).stdout;
    const info = () => server.address("info");
    const found = async (folder: string, query = "all") =>
      (await shell(`doveadm search -u ${info()} mailbox '${folder}' ${query}`)).trim().split("\n").filter(Boolean)
        .length;
    const digest = (folder: string, subject: string) =>
      shell(`doveadm fetch -u ${info()} text mailbox '${folder}' subject '${subject}' | sha256sum`);
    const remove = () =>
      // The parent of the restored folders is no mailbox itself.
      shell(
        `doveadm mailbox list -u ${info()} '${restored}/*' | xargs -d '\\n' -n 1 doveadm mailbox delete -u ${info()}`,
      );
    const dkimKeys = () => shell("cd /var/lib/mailstack/dkim && stat -c '%n %U:%G %a' *.key && sha256sum *.key");
    const deliver = async (what: string) => {
      const subject = server.unique(what);
      const letter = { from: "friend@peer.example", subject, to: info(), server: server.hostname };
      const sent = await server.peer.send(letter);
      assert.equal(sent.code, 250, sent.transcript);
      await server.imapFind("info", subject);
      return { subject, messageId: sent.messageId };
    };
    const locks = () => target.shell(`ls ${target.folder}/locks`);
    let letter: { subject: string; messageId: string };

    before(async () => {
      server = await serverFor(os);
      target = await BackupServer.of(server, `backup-${os}`);
      await server.up();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await target.close();
    });

    test("the timer backs up mail and state every hour, and status finds them in the repository", async () => {
      letter = await deliver("kept");
      assert.match(await shell("systemctl cat mailstack-backup.timer"), /^OnCalendar=\*-\*-\* 00\/1:00:00$/m);
      // It may run at any moment; the tests that follow run by themselves.
      await shell("systemctl is-active mailstack-backup.timer && systemctl stop mailstack-backup.timer");
      await shell("systemctl start mailstack-backup.service");
      const listed = await shell("mailstack backup list");
      assert.match(listed, /^\S+Z +state /m);
      assert.match(listed, /^\S+Z +mail /m);
      assert.match(await status(), /^ok +backup +state 0\.0 h old, mail 0\.0 h old/m);
    });

    test("an emptied mailbox is restored next to what is there, and not twice", async () => {
      const [was, content] = [await found("INBOX"), await digest("INBOX", letter.subject)];
      await shell(`doveadm expunge -u ${info()} mailbox INBOX all`);
      assert.equal(await found("INBOX"), 0);
      assert.match(await shell(`mailstack restore list ${info()}`), new RegExp(`^ +${was}  INBOX$`, "m"));
      restored = (await shell(`mailstack restore user ${info()} --folder INBOX`)).trim();
      assert.match(restored, /^Restored-\d{4}-/);
      const inside = `${restored}*`;
      assert.equal(await found(inside), was);
      assert.equal(await digest(inside, letter.subject), content);
      const again = await run("restore", "user", info());
      assert.equal(again.exitCode, 1);
      assert.match(again.stderr, /already/);
      assert.equal(await found("INBOX"), 0);
    });

    test("a single message is restored by its Message-ID, and not twice", async () => {
      await remove();
      const message = ["restore", "message", info(), "--message-id", letter.messageId];
      const done = await run(...message);
      assert.equal(done.exitCode, 0, done.stderr);
      assert.equal(await found(`${restored}*`), 1);
      assert.equal(await found(`${restored}*`, `subject '${letter.subject}'`), 1);
      const again = await run(...message);
      assert.match(again.stderr, /has this message in Restored-\S+ already/);
      await remove();
    });

    test("DKIM keys are restored with their owner, and mail is signed with them", async () => {
      const keys = await dkimKeys();
      await shell("rm /var/lib/mailstack/dkim/*.key");
      await shell("mailstack restore state rspamd --yes");
      assert.equal(await dkimKeys(), keys);
      const how = { server: server.hostname, port: 587, tls: "required" as const, ...(await server.login("info")) };
      const mail = { from: info(), to: "friend@peer.example", subject: server.unique("signed") };
      const sent = await server.peer.send({ ...mail, ...how });
      assert.equal(sent.code, 250, sent.transcript);
      assert.equal((await server.peer.received({ subject: mail.subject })).verdicts?.dkim, "pass");
      await shell("rm -rf /var/lib/mailstack/dkim.before-restore-*");
    });

    test("an unreachable server, or one with another host key, fails the run and shows in status; the next run is good", async () => {
      await target.away(async () => {
        const unreachable = await run("backup", "run");
        assert.equal(unreachable.exitCode, 1, unreachable.stdout);
        assert.match(unreachable.stderr, /the repository/);
      });
      assert.match(await status(), /^warn +backup +.*the last run failed: the repository/m);
      const known = "/etc/mailstack-backup/known-hosts";
      await shell(`cp -p ${known} ${known}.before; sed -i s/AAAAI....../AAAAIAAAAAA/ ${known}`);
      const refused = await run("backup", "run");
      await shell(`mv ${known}.before ${known}`);
      assert.equal(refused.exitCode, 1, refused.stdout);
      assert.match(refused.stderr, /host key is not mailstack:backupHostKey/);
      const good = await run("backup", "run");
      assert.equal(good.exitCode, 0, good.stderr);
      assert.match(await status(), /^ok +backup +/m);
    });

    /** Something that takes a while to back up, in a mailbox. */
    const big = () => `/var/vmail/${server.domain}/info/Maildir/cur/big`;

    test("a run that is killed leaves nothing in the way of the next one", async () => {
      await shell(`head -c 80000000 /dev/urandom >${big()} && chown vmail: ${big()}`);
      await shell("systemctl start --no-block mailstack-backup.service");
      await until("the run has locked the repository", async () => (await locks()) !== "");
      await shell("systemctl kill -s KILL mailstack-backup.service");
      await until(
        "the run has ended",
        async () =>
          /^(activating|failed)/.test(await shell("systemctl is-active mailstack-backup.service || true")) &&
          !(await shell("pgrep -x restic || true")),
      );
      assert.notEqual(await locks(), "");
      await shell("systemctl stop mailstack-backup.service; systemctl reset-failed mailstack-backup.service || true");
      const good = await run("backup", "run");
      assert.equal(good.exitCode, 0, good.stderr);
      assert.equal(await locks(), "");
      await shell("mailstack backup check --read 100%");
    });

    test("a full server is told in status and damages nothing; the next run is good", async () => {
      await target.full(async () => {
        await shell(`head -c 30000000 /dev/urandom >${big()}`);
        const refused = await run("backup", "run");
        assert.equal(refused.exitCode, 1, refused.stdout);
        // Not every restic says why the server could not write.
        assert.match(refused.stderr, /disk is full/);
        assert.match(await status(), /^warn +backup +.*the last run failed: .*disk is full/m);
      });
      await shell(`rm ${big()}`);
      const good = await run("backup", "run");
      assert.equal(good.exitCode, 0, good.stderr);
      await shell("mailstack backup check --read 100%");
      assert.match(await status(), /^ok +backup +/m);
    });

    describe("the monthly restore test", () => {
      const tried = async () => (await status()).split("\n").find((line) => /^\w+ +restore test /.test(line)) ?? "";
      /** It must find something, and `status` must say what. */
      const finds = async (what: RegExp) => {
        const result = await run("restore", "test");
        assert.equal(result.exitCode, 1, result.stdout);
        assert.match(result.stderr, what);
        assert.match(await tried(), /^BAD +restore test +failed today: /);
      };
      const passes = async () => {
        const result = await run("restore", "test");
        assert.equal(result.exitCode, 0, result.stderr);
        assert.match(await tried(), /^ok +restore test +good today: /);
      };

      before(() => deliver("to compare"));

      test("it runs from a timer with little memory, compares every mailbox, and leaves nothing behind", async () => {
        const timer = await shell(
          "systemctl is-active mailstack-restore-test.timer; systemctl cat mailstack-restore-test.timer",
        );
        assert.match(timer, /^active$/m);
        assert.match(timer, /^Persistent=true$/m);
        assert.equal(await shell("systemctl show -p MemoryMax --value mailstack-restore-test"), `${700 * 1024 ** 2}\n`);
        await shell("systemctl start mailstack-backup.service && systemctl start mailstack-restore-test.service");
        assert.match(
          await tried(),
          /^ok +restore test +good today: \d+ files of (\d+) mailboxes, [1-9]\d* messages compared$/,
        );
        const last = JSON.parse(await shell("cat /var/lib/mailstack/backup/restore-test.json")) as {
          last: Record<string, number | Record<string, object>>;
        };
        assert.ok(Number(last.last.keys) >= 1 && Number(last.last.certificates) >= 1, JSON.stringify(last));
        assert.deepEqual(Object.keys(last.last.rows as object).sort(), [
          "/var/lib/mailserver/mail.db",
          "/var/lib/mailstack-webmail/roundcube.db",
        ]);
        assert.equal(
          await shell("ls /var/lib/mailstack/restore; stat -c '%a %U' /var/lib/mailstack/backup/restore-test.json"),
          "600 root\n",
        );
      });

      test("one flipped byte in a pack of the repository is found", async () => {
        const flip = () =>
          target.shell(
            [
              "cd /srv && exec python3 - <<'E'",
              "import glob, os",
              `pack = sorted(glob.glob("${target.folder}/data/*/*"), key=os.path.getsize)[-1]`,
              "with open(pack, 'r+b') as file:",
              "    file.seek(100); byte = file.read(1)[0]; file.seek(100); file.write(bytes([byte ^ 1]))",
              "E",
            ].join("\n"),
          );
        await target.shell(`chmod -R u+w ${target.folder}/data`);
        await flip();
        await finds(/the repository is damaged/);
        await flip();
        await passes();
      });

      test("a DKIM key that is missing in the backup is found", async () => {
        const [key] = (await shell("ls /var/lib/mailstack/dkim/*.key")).split("\n");
        await shell(`mv ${key} /root/kept.key && mailstack backup run`);
        await finds(new RegExp(`${key} is not in the backup of`));
        await shell(`mv /root/kept.key ${key} && mailstack backup run`);
        await passes();
      });

      test("a damaged database in the backup is found", async () => {
        const database = "/var/lib/mailstack-webmail/roundcube.db";
        // A newer backup, in which that database was damaged on its way.
        await shell(
          [
            "exec python3 - <<'E'",
            "import sys, time",
            "sys.path.insert(0, '/usr/local/lib/mailstack/current')",
            "from mailstack.backup import copies, items, settings, snapshots",
            "from mailstack.backup.restic import Restic",
            "wanted = settings.load()",
            "paths = copies.make(items.declared('state'), time.time(), wanted.hostname)",
            `with open(copies.COPIES + "${database}", "r+b") as file:`,
            "    file.seek(4096); file.write(b'?' * 4096)",
            "tags = snapshots.tags_for(wanted.identity, 'state')",
            "Restic(wanted).run('backup', '--tag', tags, '--host', wanted.hostname, *paths, doing='a backup')",
            "copies.clear()",
            "E",
          ].join("\n"),
        );
        await finds(new RegExp(`${database} is damaged in the backup of`));
        const good = await run("backup", "run");
        assert.equal(good.exitCode, 0, good.stderr);
        await passes();
      });
    });

    test("backups that are turned off during a run end it, and leave no failed unit", async () => {
      await shell(`head -c 80000000 /dev/urandom >${big()} && chown vmail: ${big()}`);
      await shell("systemctl start --no-block mailstack-backup.service");
      await until("the run has locked the repository", async () => (await locks()) !== "");
      // It is still at work when the `up` comes.
      await shell("pkill -STOP -x restic");
      server.restoreConfig();
      await server.up();
      assert.equal(await shell("pgrep -x restic || true"), "");
      assert.equal(await shell("systemctl list-units --failed --plain --no-legend 'mailstack*'"), "");
      await shell(`rm ${big()}`);
    });
  });
}
