import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fencedLines, wordsOf } from "../support/documents";
import { send, type Answers } from "./support/forging";
import { fillMailbox } from "./support/full-mailbox";
import { gtube, letterHead } from "./support/letters";
import { instanceId, linode, untilStatus, untilWell } from "./support/linode";
import { oneSystem, Server } from "./support/servers";
import { underMail } from "./support/under-mail";
import { until } from "./support/until";

const domain = "backed.example";
const names = { primary: "backed", backup: "backed-mx" };
const friend = "friend@peer.example";
const mib = 1024 * 1024;

/** The commands of the page, as an administrator types them one after the other. */
const file = "docs/admin/backup-mx.md";
const lines = fencedLines({ file, text: readFileSync(file, "utf8") }).map(({ line }) => line);

/** Many messages by some sessions at the same time. Standard input: host, sender, recipient, texts, sessions. */
const flood = `
import json, smtplib, sys
from concurrent.futures import ThreadPoolExecutor
job = json.load(sys.stdin)
def some(texts):
    with smtplib.SMTP(job["host"], 25, timeout=120) as session:
        for text in texts: session.sendmail(job["sender"], [job["to"]], text)
sessions = [job["texts"][at :: job["sessions"]] for at in range(job["sessions"])]
with ThreadPoolExecutor(job["sessions"]) as pool: list(pool.map(some, sessions))
`;

/** Recipients that nobody knows, from no sender, as bounces of forged mail come. Standard input: host, domain, how many. */
const forgedBounces = `
import collections, json, smtplib, sys
from concurrent.futures import ThreadPoolExecutor
job = json.load(sys.stdin)
def some(numbers):
    with smtplib.SMTP(job["host"], 25, timeout=120) as session:
        session.ehlo()
        session.mail("")
        return [session.rcpt(f"nobody{number}@{job['domain']}")[0] for number in numbers]
# Postfix hangs up after twenty errors.
sessions = [range(at, at + 9) for at in range(0, job["count"], 9)]
with ThreadPoolExecutor(40) as pool: codes = [code for some in pool.map(some, sessions) for code in some]
print(json.dumps(collections.Counter(codes)))
`;

for (const os of oneSystem("the mail server is of one system, and the backup of the other")) {
  const other = os === "debian12" ? "debian13" : "debian12";
  describe(`a mail server of ${os} with a backup MX of ${other}`, () => {
    let primary: Server;
    let backup: Server;
    const ceo = `ceo@${domain}`;
    const letter = (subject: string, from = friend, body = "hello") =>
      [...letterHead(from, ceo, subject), "", body, ""].join("\r\n");
    /** Straight to MX 20, from the address that may send for the peer's domain. */
    const toBackup = async (messages: [sender: string, to: string, text: string][]): Promise<Answers> => {
      const input = JSON.stringify({ host: backup.ipv4, messages });
      return JSON.parse(await backup.peer.system.must(["python3", "-c", send], { input })) as Answers;
    };
    const ask = async (to: string) => (await toBackup([[friend, to, letter(backup.unique("asked"))]]))[0]!;
    const copies = async (subject: string) => {
      const found = await primary.system.exec([
        "grep",
        "-rlF",
        "--exclude=dovecot*",
        `Subject: ${subject}`,
        `/var/vmail/${domain}`,
      ]);
      return found.stdout.split("\n").filter(Boolean);
    };
    const queued = async (server: Server) => {
      const lines = (await server.system.must(["postqueue", "-j"])).trim().split("\n").filter(Boolean);
      return lines.map((line) => JSON.parse(line) as { sender: string; recipients: { address: string }[] });
    };
    const exchangers = async () =>
      (await primary.inCloud(["dig", "+short", "MX", domain])).stdout.trim().split("\n").sort();
    const changes = async (server: Server) => {
      const { summary } = await server.up();
      // The other stack is read each time.
      return Object.keys(summary).filter((kind) => !["same", "read"].includes(kind));
    };
    /** A command of the page, on the stack that it names. */
    const run = async (line: string | undefined) => {
      const [program, ...words] = wordsOf(line ?? "");
      const at = words.indexOf("--stack");
      const { stack } = words[at + 1] === "prod" ? primary : backup;
      const others = [...words.slice(0, at), ...words.slice(at + 2)].map((word) =>
        word === "backup-mx" ? names.backup : word,
      );
      if (program !== "pulumi") return backup.system.must(wordsOf(line ?? ""));
      const unasked = ["up", "destroy"].includes(words[0]!) ? ["--yes", "--skip-preview"] : [];
      return (await stack.pulumi([...others, ...unasked])).stdout;
    };
    const power = async (action: "boot" | "shutdown", status: string) => {
      const id = await instanceId(primary);
      await linode(primary, "POST", `linode/instances/${id}/${action}`);
      await untilStatus(primary, id, status);
    };

    before(async () => {
      primary = await Server.open(os, { name: names.primary, domain, settings: { "mailstack:dane": true } });
    });
    after(async () => {
      for (const server of [backup, primary])
        await server?.stack.pulumi(["destroy", "--yes", "--skip-preview"], { reject: false });
    });

    test("the order of the two is guarded: a primary does not lead mail to what is not there", async () => {
      primary.stack.configure((config) => config.setIn(["config", "mailstack:backupStack"], "nowhere"));
      const early = await primary.stack.pulumi(["up", "--yes", "--skip-preview"], { reject: false });
      assert.notEqual(early.exitCode, 0);
      assert.match(
        early.stdout + early.stderr,
        /mailstack:backupStack: the stack "nowhere" cannot be read \(.*unknown stack.*pulumi stack ls/,
      );
      primary.restoreConfig();
    });

    test("it is added under mail, and nothing is lost; then both stacks change nothing", async (t) => {
      await underMail(primary.peer, [ceo, primary.address("info")], async () => {
        backup = await Server.open(other, {
          name: names.backup,
          domain,
          file: "Pulumi.backup-mx.yaml",
          settings: {
            "mailstack:primaryStack": names.primary,
            "mailstack:protect": false,
            "mailstack:portProbeDomain": "",
          },
        });
        assert.deepEqual(await exchangers(), [`10 mail.${domain}.`]);
        assert.deepEqual([lines.length, lines[4]], [14, "pulumi up --stack backup-mx"]);
        for (const line of lines.slice(5, 7)) await run(line);
        assert.deepEqual(await exchangers(), [`10 mail.${domain}.`, `20 mx2.${domain}.`]);
      });
      // What senders look at before they send: the policy names both, and the zone the key of each.
      const curl = ["curl", "--silent", "--show-error", "--cacert", primary.trustFile];
      const policy = await primary.inCloud([...curl, `https://mta-sts.${domain}/.well-known/mta-sts.txt`]);
      assert.deepEqual(policy.stdout.match(/^mx: .*$/gm), [`mx: mail.${domain}`, `mx: mx2.${domain}`], policy.stderr);
      // Their own resolvers may remember that there was none.
      const dane = async (server: Server) =>
        / dane +3 1 1 .* is the key on port 25/.test((await server.system.exec(["mailstack", "status"])).stdout);
      for (const server of [primary, backup]) await until("the zone has its key", () => dane(server));
      assert.deepEqual(await changes(primary), []);
      assert.deepEqual(await changes(backup), []);
      await untilWell(primary);
      await untilWell(backup);
      t.diagnostic((await backup.system.must(["free", "-m"])).split("\n")[1]!);
      assert.match(await primary.system.must(["mailstack", "status"]), /ok +backup mx +mx2\.backed\.example answers/);
      assert.match(await backup.system.must(["mailstack", "status"]), /ok +primary +mail\.backed\.example takes/);
    });

    test("its answers are those of the primary: capitals, tags, aliases, postmaster; unknown, spam, forged, too large", async () => {
      for (const to of ["CEO", "ceo+tag", "sales", "postmaster", "abuse"])
        assert.equal((await ask(`${to}@${domain}`))[0], 250, to);
      const [code, words] = await ask(`nobody@${domain}`);
      assert.equal(code, 550, words);
      assert.match(words, /5\.1\.1/);
      assert.equal((await ask("somebody@gmail.example"))[0], 554);
      assert.equal((await ask(`postmaster@mx2.${domain}`))[0], 250);

      const spam = await toBackup([[friend, ceo, letter(backup.unique("spam"), friend, gtube)]]);
      assert.equal(spam[0]![0], 554, spam[0]![1]);
      // From an address that the domain does not name: its DMARC policy says reject.
      const input = JSON.stringify({ host: backup.ipv4, messages: [[friend, ceo, letter(backup.unique("forged"))]] });
      const forged = JSON.parse((await backup.inCloud(["python3", "-c", send], input)).stdout) as Answers;
      assert.equal(forged[0]![0], 554, forged[0]![1]);

      const large = await backup.peer.send({
        from: friend,
        to: ceo,
        subject: "large",
        server: backup.hostname,
        sizeMb: 41,
      });
      assert.notEqual(large.code, 250);
      assert.match(large.transcript, /SIZE|552|message size/i);
      await until("all is handed on", async () => (await queued(backup)).length === 0);
    });

    test("what it hands on is judged by its true sender, and neither refused, greylisted, limited nor banned", async () => {
      const subject = primary.unique("through");
      // SPF alone: the letter has no signature, so that a verdict about the backup's address would be a failure.
      assert.equal((await toBackup([[friend, ceo, letter(subject)]]))[0]![0], 250);
      await until("it is there", async () => (await copies(subject)).length === 1);
      const [path = ""] = await copies(subject);
      assert.doesNotMatch(path, /\.Junk/);
      const text = await primary.system.must(["cat", path]);
      assert.match(text, new RegExp(`^Authentication-Results: mail\\.${domain};[^]*?\\sspf=pass`, "m"));
      assert.match(text, /\sdmarc=pass/);
    });

    test("a full mailbox is refused at MX 20 as at MX 10", async () => {
      // Nobody has asked for it here yet: what the primary has said is believed for a minute.
      const tech = primary.address("tech");
      primary.stack.configure((config) =>
        config.setIn(["config", "mailstack:users", primary.userIndex("tech"), "quotaMb"], 10),
      );
      await primary.up();
      await fillMailbox(primary, "tech", [mib / 4, mib / 16, mib / 128, 1000, 300]);
      for (const server of [primary, backup]) {
        const { code, transcript } = await server.peer.send({
          ...{ from: friend, to: tech, subject: "one more", server: server.hostname },
        });
        assert.ok(code >= 550, transcript);
        assert.match(transcript, /RCPT TO:.*\n<[~-]\* +55\d .*5\.2\.2 .*Mailbox is full/);
      }
      assert.deepEqual(await queued(primary), []);
      await primary.system.must(["doveadm", "expunge", "-u", tech, "mailbox", "INBOX", "all"]);
    });

    test("a user whom it does not know yet is put off, and not refused", async () => {
      const users = () =>
        primary.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: `new@${domain}` }));
      users();
      await primary.up();
      await until("it is put off", async () => (await ask(`new@${domain}`))[0] === 450);
      assert.match((await ask(`new@${domain}`))[1], /4\.1\.1/);
      const { exitCode } = await backup.stack.pulumi(["preview", "--expect-no-changes"], { reject: false });
      assert.notEqual(exitCode, 0, "the backup's preview shows the new user");
      await backup.up();
      assert.equal((await ask(`new@${domain}`))[0], 250);
    });

    test("300 messages wait while the primary is cut off, and all arrive once when it is back", async (t) => {
      await power("shutdown", "offline");
      const byMx = [primary.unique("by mx 1"), primary.unique("by mx 2")];
      for (const subject of byMx)
        await primary.peer.sendThroughExim({ from: friend, to: ceo, subject, body: "hello\n" });
      // The first of a recipient waits until the primary was asked in vain.
      await until("a known user gets mail", async () => (await ask(ceo))[0] === 250);
      const stamp = primary.unique("kept");
      const subjects = Array.from({ length: 298 }, (_, at) => `${stamp} ${at}.`);
      const texts = subjects.map((subject) => letter(subject));
      const job = { host: backup.ipv4, sender: friend, to: ceo, texts, sessions: 10 };
      await backup.peer.system.must(["python3", "-c", flood], { input: JSON.stringify(job), timeout: 600_000 });
      const strange = await ask(`nobody@${domain}`);
      assert.equal(strange[0], 450, strange[1]);
      const spam = await toBackup([[friend, ceo, letter(backup.unique("spam"), friend, gtube)]]);
      assert.equal(spam[0]![0], 554, spam[0]![1]);
      const bounces = JSON.stringify({ host: backup.ipv4, domain, count: 1000 });
      const codes = await backup.peer.system.must(["python3", "-c", forgedBounces], {
        input: bounces,
        timeout: 600_000,
      });
      assert.deepEqual(Object.keys(JSON.parse(codes) as object), ["450"]);
      await until("Exim has gone to MX 20", async () => (await primary.peer.queue()).length === 0, 300);
      const waiting = await queued(backup);
      assert.ok(waiting.length >= 300, `${waiting.length} wait`);
      assert.deepEqual(
        waiting.filter(
          ({ sender, recipients }) => sender === "" || recipients.some((each) => !each.address.endsWith(domain)),
        ),
        [],
      );
      assert.match(
        await backup.system.must(["mailstack", "status"]),
        /warn +primary +mail\.backed\.example does not answer/,
      );

      await power("boot", "running");
      const looked = async () => (await backup.system.exec(["mailstack", "status"])).stdout;
      const answers = async () => /ok +primary +mail\.backed\.example takes/.test(await looked());
      await until("the primary answers", answers);
      const since = Date.now();
      await until("all is handed on", async () => (await queued(backup)).length === 0, 300);
      t.diagnostic(`300 messages in ${Math.round((Date.now() - since) / 1000)} s after the primary's first answer`);
      const found = (
        await primary.system.must(["grep", "-rhF", "--exclude=dovecot*", "Subject: ", `/var/vmail/${domain}/ceo`])
      ).split("\n");
      const times = (subject: string) => found.filter((line) => line === `Subject: ${subject}`).length;
      assert.deepEqual(
        [...byMx, ...subjects].filter((subject) => times(subject) !== 1),
        [],
      );
      // Nobody was told anything, and nobody shut out.
      assert.deepEqual((await queued(primary)).length, 0);
      const log = await backup.system.must([
        "sh",
        "-c",
        "journalctl --no-pager -o cat -u 'postfix*' | grep -c 'status=bounced' || true",
      ]);
      assert.equal(log.trim(), "0");
      const banned = await primary.system.must(["nft", "list", "ruleset"]);
      assert.doesNotMatch(
        banned
          .split("\n")
          .filter((line) => line.includes("elements"))
          .join("\n"),
        new RegExp(backup.ipv4),
      );
    });

    test("it is taken away under mail: first its MX record, and what it still gets is believed", async () => {
      await underMail(primary.peer, [ceo], async () => {
        for (const line of lines.slice(8, 10)) await run(line);
        assert.deepEqual(await exchangers(), [`10 mail.${domain}.`]);
      });
      const subject = primary.unique("late");
      assert.equal((await toBackup([[friend, ceo, letter(subject)]]))[0]![0], 250);
      await until("it is there", async () => (await copies(subject)).length === 1);
      assert.deepEqual(await changes(primary), []);
      await until("nothing is left", async () => /is empty/.test(await run(lines[10])));
      for (const line of lines.slice(11)) await run(line);
      assert.deepEqual((await backup.stack.pulumi(["stack", "output", "--json"])).stdout.trim(), "{}");
    });
  });
}
