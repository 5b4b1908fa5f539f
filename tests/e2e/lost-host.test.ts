import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { redisSocket } from "../../components/services/redis";
import { BackupServer } from "./support/backup-server";
import { instanceId, linode, untilWell } from "./support/linode";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const sieve = 'require "fileinto";\nif header :contains "subject" "for the archive" { fileinto "Archive"; }\n';

const rspamc = "rspamc --connect=/run/rspamd/controller.sock";
/** A letter with enough words to learn from. */
const spam = (nr: number) =>
  `Subject: pills ${nr}\n\n${Array.from({ length: 40 }, (_, index) => `cheap${nr}${String.fromCharCode(97 + (index % 26))}pill${index}`).join(" ")}\n`;

const without = (lines: string[], others: string[]) => lines.filter((line) => !others.includes(line));

/** What `look` sees while the work lasts, each once. */
async function watched(look: () => Promise<string>, work: () => Promise<unknown>): Promise<string[]> {
  const seen = new Set<string>();
  let lasts = true;
  const watching = (async () => {
    // The machine is busy enough with the work.
    for (; lasts; await sleep(250)) seen.add(await look());
  })();
  try {
    await work();
  } finally {
    lasts = false;
    await watching;
  }
  return [...seen];
}

for (const os of oneSystem(
  "which services are restored, and when, is the same in both renders; restic is judged by the file about backups",
)) {
  describe(`a lost host of ${os} comes back as itself`, () => {
    let server: Server;
    let target: BackupServer;
    let selector = "";
    const shell = (script: string, input = "") =>
      server.system.must(["sh", "-ec", script], { timeout: 300_000, input });
    const output = async (name: string) => (await server.stack.pulumi(["stack", "output", name])).stdout.trim();
    const lines = async (script: string) => (await shell(script)).trim().split("\n");
    const python = (program: string) => shell("exec python3 -", program);

    /** All that a host must get back, by name. */
    async function kept(): Promise<Record<string, string[]>> {
      const rows = async (database: string, query: string) => [
        await python(
          `import sqlite3; print(sqlite3.connect("file:${database}?mode=ro", uri=True).execute("${query}").fetchall())`,
        ),
      ];
      return {
        dkim: await lines("cd /var/lib/mailstack/dkim && sha256sum *.key"),
        dkimOwners: await lines("cd /var/lib/mailstack/dkim && stat -c '%n %U:%G %a' . *.key"),
        certificate: await lines("openssl x509 -noout -serial -in /etc/ssl/mailstack/live/fullchain.pem"),
        accounts: await rows(
          "/var/lib/mailserver/mail.db",
          "SELECT email, password, active, locked FROM users ORDER BY email",
        ),
        appPasswords: await rows("/var/lib/mailserver/mail.db", "SELECT * FROM app_passwords ORDER BY 1, 2"),
        contacts: await rows("/var/lib/mailstack-webmail/roundcube.db", "SELECT name, email FROM contacts"),
        firstPasswords: await lines("cd /etc/mailstack/initial-passwords && sha256sum *"),
        // Rspamd looks only now and then, and says 0 until then.
        learned: await lines(`redis-cli -s ${redisSocket} hget RS learns_spam`),
        sieve: await lines(`doveadm sieve list -u ${server.address("info")}`),
        // Folders, flags and every message's content; the numbers that Dovecot gave.
        mail: await lines("cd /var/vmail && find . -path '*/cur/*' -type f -exec sha256sum {} + | sort -k 2"),
        uids: await lines(
          "cd /var/vmail && find . -name dovecot-uidlist | sort | while read f; do echo $f; sed 's/ N[0-9]*//' $f; done",
        ),
        subscriptions: await lines("cd /var/vmail && find . -name subscriptions -exec sha256sum {} + | sort -k 2"),
      };
    }

    before(async () => {
      server = await serverFor(os);
      target = await BackupServer.of(server, `keeper-${os}`);
      await server.up();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      // Whatever failed: this is the host that there is now.
      server = await server.successor();
      const user = server.address("info");
      await shell(`doveadm sieve deactivate -u ${user}; doveadm sieve delete -u ${user} archive`);
      await shell(
        `mailstack user app-password revoke ${user} telephone; mailstack user unlock ${server.address("tech")}`,
      );
      await target.close();
    });

    test("keys, certificate, accounts, filters, contacts and every message are there before the first letter", async () => {
      const user = server.address("info");
      const { peer } = server;
      const friend = "friend@peer.example";
      const mail = (subject: string) => ({ from: friend, subject, to: user, server: server.hostname });
      const sent = await peer.send(mail(server.unique("before the loss")));
      assert.equal(sent.code, 250, sent.transcript);
      await shell(`doveadm mailbox create -s -u ${user} Projects/2026 || true`);
      await shell(`doveadm save -u ${user} -m Projects/2026`, "Subject: filed\n\nin a folder\n");
      await shell(`doveadm flags add -u ${user} '\\Flagged \\Seen' mailbox INBOX all`);
      await shell(`doveadm sieve put -u ${user} -a archive`, sieve);
      await shell(`mailstack user app-password add ${user} telephone`);
      for (const nr of [1, 2, 3]) await shell(`${rspamc} learn_spam`, spam(nr));
      await shell(
        "exec runuser -u roundcube -- python3 -",
        [
          "import sqlite3",
          "db = sqlite3.connect('/var/lib/mailstack-webmail/roundcube.db')",
          `db.execute("INSERT OR IGNORE INTO users (username, mail_host, created) VALUES ('${user}', 'localhost', '2026-01-01')")`,
          "user = db.execute('SELECT user_id FROM users').fetchone()[0]",
          "db.execute(\"INSERT INTO contacts (user_id, changed, name, email, vcard, words) VALUES (?, '2026-01-01', 'A friend', 'friend@peer.example', '', '')\", (user,))",
          "db.commit()",
        ].join("\n"),
      );
      // Nobody has it open: what it is in the folder is what it stays.
      await shell(`mailstack user lock ${server.address("tech")}`);
      await shell("systemctl start mailstack-backup.service");
      const had = await kept();
      assert.ok(Number(had.learned![0]) >= 3, had.learned![0]);
      // DOMAIN.SELECTOR.key
      selector = (await shell("cd /var/lib/mailstack/dkim && ls *.key")).split(".").at(-2)!;
      const dkim = await output("dkim");
      const published = await dkimRecord();
      assert.match(published, /v=DKIM1/);

      const lost = await instanceId(server);
      await linode(server, "DELETE", `linode/instances/${lost}`);
      const listed = () => linode<{ data: { id: number }[] }>(server, "GET", "linode/instances");
      await until("the instance is gone", async () => !(await listed()).data.some(({ id }) => id === lost));
      const meanwhile = server.unique("sent meanwhile");
      await peer.sendThroughExim({ from: friend, to: user, subject: meanwhile, body: "hello\n" });

      const seen = await watched(dkimRecord, () => server.stack.pulumi(["up", "--yes", "--skip-preview", "--refresh"]));
      server = await server.successor();
      assert.deepEqual(seen, [published], "the DKIM record changed meanwhile");
      assert.equal(await output("dkim"), dkim);
      await untilWell(server);
      const has = await kept();
      // Mail that came since is there beside it.
      const grows = ["mail", "uids"];
      // A list may still name what was expunged, until Dovecot writes it anew.
      const messages = had.mail!.join("\n");
      had.uids = had.uids!.filter((line) => messages.includes(line.split(":")[1] ?? ""));
      for (const [what, value] of Object.entries(had))
        if (grows.includes(what)) assert.deepEqual(without(value, has[what]!), [], what);
        else assert.deepEqual(has[what], value, what);
      // Postfix, hence port 25, came after the mark.
      const [restored, postfix] = await lines(
        `stat -c %Y /var/lib/mailstack/restored.json; date +%s -d "$(systemctl show -p ActiveEnterTimestamp --value ${server.postfixUnit})"`,
      );
      assert.ok(Number(restored) <= Number(postfix), `${restored} ${postfix}`);

      await peer.system.must(["exim", "-qff"]);
      await server.imapFind("info", meanwhile);
      const preview = ["preview", "--diff", "--expect-no-changes"];
      const again = await server.stack.pulumi(preview, { reject: false });
      assert.equal(again.exitCode, 0, again.stdout + again.stderr);
    });

    async function dkimRecord(): Promise<string> {
      const { stdout } = await server.inCloud(["dig", "+short", "TXT", `${selector}._domainkey.${server.domain}`]);
      return stdout.trim();
    }
  });
}
