import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { untilWell } from "./support/linode";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

for (const os of everySystem) {
  describe(`logs on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const unique = (what: string) => `${what}-${os}-${Date.now()}-${Math.random().toString(36).slice(2, 10)}`;
    const receive = async (letter: { subject: string; body?: string }) => {
      const to = server.address("ceo");
      const sent = await server.peer.send({ from: "friend@peer.example", to, ...letter, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
      await server.imapFind("ceo", letter.subject);
      return sent.messageId;
    };
    before(async () => {
      server = await serverFor(os);
      // Another file's last change may have restarted a daemon a moment ago.
      await untilWell(server);
    });

    test("mail.log has the line of each message once, syslog has none; root:adm 0640", async () => {
      const messageId = await receive({ subject: unique("logged") });
      const lines = async (file: string) => Number(await shell(`grep -cF '${messageId}' ${file} || :`));
      await until("mail.log has it", async () => (await lines("/var/log/mail.log")) > 0);
      // Postfix's cleanup, and Dovecot's delivery.
      assert.match(
        await shell(`grep -F '${messageId}' /var/log/mail.log`),
        /postfix\/cleanup.*\n(.*dovecot.*lmtp.*\n)$/,
      );
      assert.equal(await shell(`grep -F '${messageId}' /var/log/syslog | grep -cE 'postfix|dovecot' || :`), "0\n");
      const { stdout } = await server.system.exec([
        "sh",
        "-c",
        "stat -c '%U:%G %a %n' /var/log/mail.log /var/log/mail.err /var/log/mail.warn",
      ]);
      for (const line of stdout.trim().split("\n"))
        assert.match(line, /^root:adm 640 \/var\/log\/mail\.(log|err|warn)$/);
    });

    test("warnings are in mail.warn and errors in mail.err too", async () => {
      const word = unique("trouble");
      await shell(`logger -p mail.warning '${word} warning'; logger -p mail.err '${word} error'`);
      const found = async (file: string) => (await shell(`grep -o '${word} .*' ${file} || :`)).trim().split("\n");
      await until("both are written", async () => (await found("/var/log/mail.err"))[0] !== "");
      assert.deepEqual(await found("/var/log/mail.log"), [`${word} warning`, `${word} error`]);
      assert.deepEqual(await found("/var/log/mail.warn"), [`${word} warning`, `${word} error`]);
      assert.deepEqual(await found("/var/log/mail.err"), [`${word} error`]);
      assert.equal(await shell("stat -c '%U:%G %a' /var/log/mail.err"), "root:adm 640\n");
    });

    test("no body of a message and no password is in any log, right or wrong", async () => {
      const secret = unique("bodytext");
      const wrong = unique("wrongword");
      await receive({ subject: unique("private"), body: `The combination is ${secret}.\n` });
      const { user, password } = await server.login("ceo");
      const submission = { server: server.hostname, port: 587, tls: "required", user } as const;
      const letter = { from: user, to: "friend@peer.example", subject: unique("out"), body: `${secret}\n` };
      assert.equal((await server.peer.send({ ...letter, ...submission, password })).code, 250);
      assert.equal((await server.peer.send({ ...letter, ...submission, password: wrong })).code, 535);
      const encoded = [secret, wrong, password].flatMap((text) => [text, Buffer.from(text).toString("base64")]);
      const plain = Buffer.from(`\0${user}\0${wrong}`).toString("base64").replace(/=+$/, "");
      await shell("journalctl --sync; journalctl --quiet --output=export --no-pager > /root/journal.txt");
      try {
        const grep = ["grep", "-rlFf", "-", "/var/log", "/root/journal.txt", "--exclude-dir=journal"];
        const found = await server.system.exec(grep, { input: [...encoded, plain].join("\n") });
        assert.equal(found.stdout, "");
        // The search does find what is there.
        const known = await server.system.exec(grep, {
          input: letter.subject.replace("out", "private").slice(0, 0) || user,
        });
        assert.match(known.stdout, /mail\.log\n/);
        assert.match(known.stdout, /journal\.txt\n/);
      } finally {
        await shell("rm /root/journal.txt");
      }
    });

    test("rotation: daily, the new file is written at once, and after the set number of days the old is gone", async () => {
      await shell("logrotate --force /etc/logrotate.d/rsyslog");
      const subject = unique("rotated");
      const messageId = await receive({ subject });
      await until("the new file has it", async () => {
        return (await server.system.exec(["grep", "-qF", messageId, "/var/log/mail.log"])).exitCode === 0;
      });
      assert.equal(await shell("stat -c '%U:%G %a' /var/log/mail.log"), "root:adm 640\n");
      const state = await shell("logrotate --debug /etc/logrotate.d/rsyslog 2>&1");
      assert.match(state, /\/var\/log\/mail\.log.*after 1 days .*\(30 rotations\)/s);
      await shell("touch -d '31 days ago' /var/log/mail.log.9.gz");
      await shell("logrotate --force /etc/logrotate.d/rsyslog");
      assert.equal(await shell("ls /var/log | grep -c 'mail.log.1[0-9]*.gz$' || :"), "0\n");
    });

    test("the journal: on disk, limited, and a restart of it loses neither lines nor bans' view", async () => {
      const values = await shell(
        "systemd-analyze cat-config systemd/journald.conf | grep -E '^(Storage|SystemMaxUse|MaxRetention)'",
      );
      assert.equal(values, "Storage=persistent\nSystemMaxUse=256M\nMaxRetentionSec=30day\n");
      assert.match(await shell("journalctl --header | grep '^File path'"), /\/var\/log\/journal\//);
      await shell("systemctl restart systemd-journald.service");
      const messageId = await receive({ subject: unique("after journald") });
      await shell("journalctl --sync");
      assert.match(
        await shell(`journalctl --quiet --output=cat --since=-2min | grep -F '${messageId}'`),
        /message-id=/,
      );
      await until("the file has it too", async () => {
        return (await server.system.exec(["grep", "-qF", messageId, "/var/log/mail.log"])).exitCode === 0;
      });
    });

    test("the administrator gets the daily report, about mail too", async () => {
      await receive({ subject: unique("for the report") });
      const folders = ["new", "cur"].map((one) => `/var/vmail/${server.domain}/admin/Maildir/${one}`).join(" ");
      const reports = async () => {
        const found = await shell(`grep -rl '^Subject: Logwatch for' ${folders} | xargs -r ls -t`);
        return found.split("\n").filter(Boolean);
      };
      const next = async (command: string) => {
        const before = (await reports()).length;
        await shell(command);
        await until(`${command} has sent its mail`, async () => (await reports()).length === before + 1);
        return shell(`cat ${(await reports())[0]}`);
      };
      const report = await next("logwatch --range today --service postfix --service dovecot");
      assert.match(report, new RegExp(`^To: ${server.address("admin")} ?$`, "m"));
      assert.match(report, /Postfix Begin/i);
      assert.match(report, /\d+ +Accepted/);
      // The job itself, as cron runs it.
      assert.match(await shell("run-parts --test /etc/cron.daily"), /00logwatch/);
      assert.equal(await shell("systemctl is-active cron.service"), "active\n");
      // It reports on yesterday, of which a new host has nothing.
      const today = "$(date +%Y-%m-%d)";
      await shell(`sed -n "s/^${today}/$(date -d yesterday +%Y-%m-%d)/p" /var/log/mail.log > /var/log/mail.log.0`);
      try {
        const daily = await next("/etc/cron.daily/00logwatch");
        assert.match(daily, /Date Range Processed: yesterday/);
        assert.match(daily, /\d+ +Accepted/);
        assert.doesNotMatch(daily, /Logged in:/);
      } finally {
        await shell("rm /var/log/mail.log.0");
      }
    });

    test("mailstack status: without rsyslog the check fails", async () => {
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      assert.match(await status(), /ok {3}logs +mail\.log is written/);
      await shell(
        "systemctl stop rsyslog.service syslog.socket; touch -d '5 minutes ago' /var/log/mail.log; logger -p mail.info probe",
      );
      try {
        assert.match(await status(), /BAD {2}logs +\/var\/log\/mail\.log lacks the last \d+ s/);
      } finally {
        await shell("systemctl start syslog.socket rsyslog.service");
      }
      await shell("logger -p mail.info probe");
      await until("mail.log is written again", async () => /ok {3}logs/.test(await status()));
    });
  });
}
