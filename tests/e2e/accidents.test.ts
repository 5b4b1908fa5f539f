import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { localDomain } from "../../local-cloud/cli/bring-up";
import { commandsOf, fencedLines, wordsOf } from "../support/documents";
import { BackupServer } from "./support/backup-server";
import { instanceId, linode, untilWell } from "./support/linode";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const file = "docs/admin/accidents.md";
const text = readFileSync(file, "utf8");
const linesIn = (part: string) => fencedLines({ file, text: part }).map(({ line }) => line);

/** The commands below a heading: what to do, and those of the drill. */
function section(heading: string): { remedy: string[]; drill: string[] } {
  const part = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  assert.ok(part, heading);
  const [remedy = "", drill = ""] = part.split("**Drill**");
  return { remedy: linesIn(remedy), drill: linesIn(drill) };
}

for (const os of oneSystem(
  "the commands are those of Pulumi and of the program mailstack, which are the same on each",
)) {
  describe(`${file} on ${os}`, () => {
    let server: Server;
    let target: BackupServer;
    const ran = new Set<string>();
    const folder = mkdtempSync(join(tmpdir(), "mailstack-accidents-"));
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const bob = () => server.address("bob");
    /** It may run at any moment; the tests run it by themselves. */
    const quiet = () =>
      shell(
        "systemctl stop mailstack-backup.timer mailstack-backup.service; systemctl reset-failed mailstack-backup.service || true",
      );
    /** Once all is well, the page's last command says so. */
    const well = async (line: string) => {
      await shell("systemctl start mailstack-backup.timer");
      await untilWell(server);
      await must(line);
      await quiet();
    };
    const backUp = () => shell("mailstack backup run");
    /** Time of the newest backup, in UTC. */
    const newest = async () => (await shell("mailstack backup list")).trim().split("\n").at(-1)!.split(" ")[0]!;

    /** Runs a command of the page: Pulumi's and git's on this machine, all others on the host. */
    async function run(line: string, at = ""): Promise<{ stdout: string; stderr: string; exitCode: number }> {
      ran.add(line);
      const here = line
        .replaceAll(localDomain, server.domain)
        .replace("2026-11-29T10:00Z", at)
        .replace("2026-11-29T10:00", at.replace("Z", ""));
      const [program, ...words] = wordsOf(here);
      if (program === "pulumi") {
        const unasked = words[0] === "up" ? ["--yes", "--skip-preview"] : [];
        const { stdout, stderr, exitCode } = await server.stack.pulumi([...words, ...unasked], { reject: false });
        return { stdout, stderr, exitCode: exitCode ?? 1 };
      }
      if (program === "git") {
        const { stdout, stderr, exitCode } = await execa("git", words, { cwd: folder, reject: false });
        return { stdout, stderr, exitCode: exitCode ?? 1 };
      }
      return server.system.exec(["sh", "-ec", here], { timeout: 300_000 });
    }
    const must = async (line: string, at = "") => {
      const result = await run(line, at);
      assert.equal(result.exitCode, 0, `${line}\n${result.stdout}${result.stderr}`);
      return result.stdout;
    };
    const all = async (lines: string[], at = "") => {
      for (const line of lines) await must(line, at);
    };
    const count = async (user: string, mailbox: string) =>
      (await shell(`doveadm search -u ${user} mailbox '${mailbox}' all`)).split("\n").filter(Boolean).length;
    /** Every message with its content; names without the flags. */
    const messages = () =>
      shell(
        "cd /var/vmail && find . -path '*/cur/*' -type f -o -path '*/new/*' -type f | sort | xargs -d '\\n' sha256sum",
      );
    const deliver = async (to: string, what: string) => {
      const subject = server.unique(what);
      const sent = await server.peer.send({ from: "friend@peer.example", subject, to, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
      await until(`${subject} has arrived`, async () =>
        Boolean((await shell(`doveadm search -u ${to} mailbox INBOX subject '${subject}'`)).trim()),
      );
      return subject;
    };
    const configureBob = () =>
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: bob() }));

    before(async () => {
      server = await serverFor(os);
      // A run that ended half way may have left him.
      await server.system.exec(["mailstack", "user", "purge", bob(), "--yes"]);
      target = await BackupServer.of(server, `accidents-${os}`);
      configureBob();
      await server.up();
      await quiet();
      for (const what of ["one", "two"]) await deliver(bob(), what);
      await deliver(server.address("ceo"), "three");
      await backUp();
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      await quiet();
      server.restoreConfig();
      await server.up();
      server = await server.successor();
      await server.system.exec(["mailstack", "user", "purge", bob(), "--yes"]);
      await target.close();
    });

    test("an emptied mailbox comes back next to what is there", async () => {
      const { remedy, drill } = section("An emptied mailbox");
      const was = await count(bob(), "INBOX");
      await all(drill);
      assert.equal(await count(bob(), "INBOX"), 0);
      const [list, restore] = remedy;
      assert.match(await must(list!), new RegExp(`^ +${was}  INBOX$`, "m"));
      const made = (await must(restore!)).trim();
      assert.equal(await count(bob(), `${made}*`), was);
    });

    test("a dropped table and one of the webmail come back, with the users that are declared", async () => {
      const { remedy, drill } = section("A table is dropped, or a database damaged");
      const users = await shell("mailstack user list");
      await backUp();
      await all(drill);
      assert.match((await server.system.exec(["mailstack", "status"])).stdout, /^BAD +accounts /m);
      await all(remedy);
      assert.equal(await shell("mailstack user list"), users);
      await shell(
        `python3 -c "import sqlite3; sqlite3.connect('file:/var/lib/mailstack-webmail/roundcube.db?mode=ro', uri=True).execute('SELECT * FROM contacts')"`,
      );
      await well("mailstack status");
    });

    test("all mail comes back, byte by byte, and what came meanwhile arrives", async () => {
      const { remedy, drill } = section("All mail is gone");
      await backUp();
      const had = await messages();
      await all(drill);
      const subject = server.unique("meanwhile");
      const to = server.address("info");
      const sent = await server.peer.send({ from: "friend@peer.example", subject, to, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
      const [restore, flush, status, beside] = remedy;
      const restored = await must(restore!);
      assert.match(restored, new RegExp(`^${bob()}$`, "m"));
      const has = await messages();
      assert.deepEqual(
        had.split("\n").filter((line) => !has.includes(line)),
        [],
      );
      await must(flush!);
      await server.imapFind("info", subject);
      await well(status!);
      // That user's mailbox has mail again.
      await must(beside!);
      assert.equal((await must(restore!)).trim(), "");
    });

    test("a purged user comes back with the mail and a new password", async () => {
      const { remedy, drill } = section("A purged user");
      await deliver(bob(), "kept");
      const was = await count(bob(), "INBOX");
      await backUp();
      const at = await newest();
      server.stack.configure((config) => config.deleteIn(["config", "mailstack:users", server.userIndex("bob")]));
      await all(drill);
      assert.ok(!(await shell("mailstack user list")).includes(bob()));
      await backUp();
      configureBob();
      const [up, restore, password] = remedy;
      await must(up!);
      const made = (await must(restore!, at)).trim();
      assert.ok((await count(bob(), `${made}*`)) >= was);
      assert.ok((await must(password!)).trim().length > 12);
    });

    test("lost configuration is found, and written again", async () => {
      const { remedy, drill } = section("Configuration is lost");
      await all(drill);
      const [verify, up, status] = remedy;
      const found = await run(verify!);
      assert.equal(found.exitCode, 3, found.stdout);
      for (const path of drill[0]!.split(" ").slice(1)) assert.match(found.stdout, new RegExp(`: ${path} `));
      await must(up!);
      await shell("systemctl start mailstack-backup.timer");
      await must(verify!);
      await well(status!);
    });

    test("a deployment is undone by a commit that reverts it", async () => {
      const { remedy } = section("A deployment that should not have been");
      const copy = join(folder, "Pulumi.prod.yaml");
      const git = (...words: string[]) => execa("git", words, { cwd: folder });
      await git("init", "--quiet");
      await git("config", "user.name", "T");
      await git("config", "user.email", "t@a.example");
      const commit = async (what: string) => {
        copyFileSync(server.stack.configFile, copy);
        await git("add", "-A");
        await git("commit", "--quiet", "-m", what);
      };
      const limit = () => shell("postconf -h message_size_limit");
      const was = await limit();
      await commit("good");
      await server.stack.pulumi(["config", "set", "mailstack:messageSizeLimitMb", "1"]);
      await commit("a mistake");
      await server.up();
      assert.notEqual(await limit(), was);
      const [revert, preview, up, status] = remedy;
      await must(revert!);
      copyFileSync(copy, server.stack.configFile);
      await must(preview!);
      await must(up!);
      assert.equal(await limit(), was);
      await well(status!);
    });

    test("every command of the page about backups does what it says", async () => {
      const ceo = server.address("ceo");
      const save = (mailbox: string, id: string) =>
        shell(`printf 'Message-ID: <${id}>\\nSubject: kept\\n\\nkept\\n' | doveadm save -u ${ceo} -m ${mailbox}`);
      await shell(`doveadm mailbox create -u ${ceo} Archive/2025 || true`);
      await save("Archive/2025", "other@example.net");
      await save("INBOX", "ID@example.net");
      await backUp();
      const at = await newest();
      // A bucket of the provider's, and a lost host, have tests of their own.
      const others = ["pulumi config set mailstack:backupRepository linode", "pulumi up", "pulumi up --refresh"];
      const lines = commandsOf("docs/admin/backup.md").filter((line) => !others.includes(line));
      assert.ok(lines.length >= 10, lines.join("\n"));
      for (const line of lines)
        if (line === "mailstack status") await well(line);
        else await must(line, at);
    });

    test("after an intruder was root, a new host starts from a backup of before, and not without any", async () => {
      const { remedy, drill } = section("An intruder was root on the host");
      const subject = await deliver(server.address("info"), "before the break-in");
      await backUp();
      const at = await newest();
      // Names of backups are seconds.
      await until("another second", async () => !(await shell("date -u +%Y-%m-%dT%H:%M:%SZ")).startsWith(at));
      await all(drill);
      assert.notEqual(await newest(), at);
      const [set, refresh, unset, up] = remedy;
      await must(set!, at);
      const lost = await instanceId(server);
      await linode(server, "DELETE", `linode/instances/${lost}`);
      const listed = () => linode<{ data: { id: number }[] }>(server, "GET", "linode/instances");
      await until("the instance is gone", async () => !(await listed()).data.some(({ id }) => id === lost));
      // Somebody has deleted the backups: no host starts empty because of that.
      await target.empty(async () => {
        const refused = await run(refresh!);
        assert.notEqual(refused.exitCode, 0);
        assert.match(refused.stdout + refused.stderr, /another host of this stack had backups there/);
        assert.match(refused.stdout + refused.stderr, /set mailstack:restoreFrom to nothing/);
      });
      await must(refresh!);
      server = await server.successor();
      await must(unset!);
      await must(up!);
      await untilWell(server);
      await server.imapFind("info", subject);
      assert.equal((await shell("grep -rlx encrypted /var/vmail || true")).trim(), "");
    });

    test("every command of the page was run", async () => {
      await all(linesIn(text.split(/^## /m)[0]!));
      assert.deepEqual(
        linesIn(text).filter((line) => !ran.has(line)),
        [],
      );
    });
  });
}
