import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { send, withDmarc, type Answers } from "./support/forging";
import { letterHead } from "./support/letters";
import { manageSieve } from "./support/managesieve";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";

for (const os of everySystem) {
  describe(`forging on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      for (const user of ["support", "tech"])
        await manageSieve(server, user, [['SETACTIVE ""'], ["DELETESCRIPT", '"forging"']]);
    });

    const letter = (subject: string, headers: string[], to = friend) =>
      [
        ...headers,
        ...letterHead("", to, subject).filter((line) => !line.startsWith("From:")),
        "",
        `Hello ${subject}, shall we meet?`,
        "",
      ].join("\r\n");
    const as = async (localPart: string, messages: [sender: string, text: string][]): Promise<Answers> => {
      const login = { ...(await server.login(localPart)), host: server.hostname, trusted: server.trustFile };
      const job = { ...login, messages: messages.map(([sender, text]) => [sender, friend, text]) };
      const ran = await server.inCloud(["python3", "-c", send], JSON.stringify(job));
      assert.equal(ran.exitCode, 0, ran.stderr);
      return JSON.parse(ran.stdout) as Answers;
    };
    const fromOutside = async (messages: [sender: string, to: string, text: string][]): Promise<Answers> => {
      const input = JSON.stringify({ host: server.ipv4, messages });
      return JSON.parse(await server.peer.system.must(["python3", "-c", send], { input })) as Answers;
    };
    /** Folders of a mailbox that hold this text. */
    const folders = async (localPart: string, text: string) => {
      const found = await server.system.exec([
        "grep",
        "-rlF",
        text,
        `/var/vmail/${server.domain}/${localPart}/Maildir`,
      ]);
      return found.stdout
        .split("\n")
        .filter((path) => /\/(new|cur)\//.test(path))
        .map((path) => (path.includes("/.Junk/") ? "Junk" : "INBOX"));
    };
    const queueIsEmpty = () =>
      until("the queue is empty", async () => (await server.system.must(["postqueue", "-j"])).trim() === "");
    const script = async (localPart: string, text: string) => {
      const { answers } = await manageSieve(server, localPart, [
        ["PUTSCRIPT", '"forging"', text],
        ["SETACTIVE", '"forging"'],
      ]);
      for (const answer of answers) assert.match(answer, /^OK/);
    };

    test("who has logged in writes in the own name and in that of aliases, whatever the letters and the tag", async () => {
      const own = ["info", "info+shop", "sales"].map((name) => server.address(name));
      const froms = [...own, own[0]!.toUpperCase(), `Info <${own[0]}>`, `=?utf-8?B?SsO8cmdlbg==?= <${own[0]}>`];
      const subject = server.unique("own name");
      const answers = await as(
        "info",
        froms.map((from) => [own[0]!, letter(subject, [`From: ${from}`])]),
      );
      for (const [code, words] of answers) assert.equal(code, 250, words);
    });

    test("in anybody else's it is refused at the end of the message, in words that say why", async () => {
      const [own, boss] = [server.address("info"), server.address("ceo")];
      const headers = [
        [`From: The Boss <${boss}>`],
        [`From: ${boss.toUpperCase()}`],
        [`From: ${own}, ${boss}`],
        [`From: Boss: ${boss};`],
        [`From: "${boss}" <${own}>`],
        [`From: =?utf-8?q?${boss.replace("@", "=40")}?= <${own}>`],
        [`From: ceo (x) @ ${server.domain}`],
        [`From: "ceo"@${server.domain}`],
        [`From: ceo@mail.${server.domain}`],
        [`From: ${own}`, `From: ${boss}`],
        [`From: ${own}`, `Sender: ${boss}`],
        [`From: ${own}`, `Resent-From: ${boss}`],
        ["From: ceo@bigbank.example"],
      ];
      // Postfix slows down who makes many mistakes in one session, and ends it with 20: four sessions.
      const some = [headers.slice(0, 7), headers.slice(7)];
      const sessions = [own, ""].flatMap((sender) => some.map((each) => ({ sender, each })));
      const refused = async ({ sender, each }: { sender: string; each: string[][] }) => {
        const messages = each.map((lines): [string, string] => [sender, letter(server.unique("boss"), lines)]);
        const answers = await as("info", messages);
        assert.equal(answers.length, each.length);
        for (const [index, [code, words]] of answers.entries()) {
          assert.equal(code, 554, `${each[index]!.join()}: ${words}`);
          assert.match(words, new RegExp(`^5\\.7\\.1 .* is .*, which is not an address of ${own}$`));
        }
      };
      await Promise.all(sessions.map(refused));
    });

    /** What strangers write in our domain's name, in every way that a mail program shows, reaches no inbox. */
    const noInboxForForged = async () => {
      const boss = server.address("ceo");
      const forged = [
        [`From: The Boss <${boss}>`],
        [`From: ${boss.toUpperCase()}`],
        [`From: x@peer.example, ${boss}`],
        [`From: x@peer.example`, `From: ${boss}`],
        [`From: "${boss}" <x@peer.example>`],
        [`From: =?utf-8?q?${boss.replace("@", "=40")}?= <x@peer.example>`],
        [`From: =?utf-8?b?${Buffer.from(boss.replace("@", "＠")).toString("base64")}?= <x@peer.example>`],
        [`From: Boss: ${boss};`],
        [`From: ceo(x)@(y)${server.domain}`],
        [`From: ceo@news.${server.domain}`],
        ["From: x@peer.example", `Sender: ${boss}`],
        [`Reply-To: ${boss}`],
      ];
      const subjects = forged.map((_, index) => server.unique(`forged ${index}`));
      const to = server.address("tech");
      // An empty envelope takes SPF out of it; a new one for each keeps greylisting from knowing the pair.
      const answers = await fromOutside(
        forged.map((lines, index) => [
          index % 2 ? "" : `a${Date.now()}${index}@peer.example`,
          to,
          letter(subjects[index]!, lines),
        ]),
      );
      const honest = server.unique("honest");
      await fromOutside([[friend, to, letter(honest, [`From: ${friend}`])]]);
      await until("the honest one is there", async () => (await folders("tech", honest)).length > 0, 40);
      await queueIsEmpty();
      assert.deepEqual(await folders("tech", honest), ["INBOX"]);
      for (const [index, [code, words]] of answers.entries()) {
        const what = `${forged[index]!.join()}: ${code} ${words}`;
        assert.ok(code === 250 || code === 554 || code === 451, what);
        assert.deepEqual(await folders("tech", subjects[index]!), code === 250 ? ["Junk"] : [], what);
      }
      assert.ok(answers.filter(([code]) => code === 250).length >= 6, JSON.stringify(answers));
    };

    test("our domain in From of a stranger's mail never reaches the inbox, however it is written", noInboxForForged);

    for (const [what, change, told] of [
      ["with the policy none", { content: '"v=DMARC1; p=none"' }, /^'v=DMARC1; p=none'$/m],
      ["without a policy", { label: "elsewhere" }, /^none$/m],
    ] as const)
      test(`${what} it is the same`, () => withDmarc(server, change, told, noInboxForForged));

    test("what a user's script sends on bears no signature of ours", async () => {
      await script("support", `require ["copy"];\nredirect :copy "${friend}";\n`);
      const subject = server.unique("sent on");
      const sender = `b${Date.now()}@peer.example`;
      const [answer] = await fromOutside([
        [sender, server.address("support"), letter(subject, [`From: ${friend}`, "X-Sieve: x"])],
      ]);
      assert.equal(answer?.[0], 250, answer?.[1]);
      const { headers } = await server.peer.received({ subject });
      assert.ok(headers["x-sieve-redirected-from"], JSON.stringify(headers));
      assert.doesNotMatch(JSON.stringify(headers["dkim-signature"] ?? ""), new RegExp(server.domain));
      assert.ok(headers["arc-seal"], "what we found out about it is sealed");
    });

    test("what a script answers is signed", async () => {
      const gone = server.unique("gone");
      await script("tech", `require ["vacation"];\nvacation :subject "${gone}" "away";\n`);
      const from = `friend+v${Date.now()}@peer.example`;
      const to = server.address("tech");
      await fromOutside([[from, to, letter(server.unique("ask"), [`From: ${from}`], to)]]);
      const { headers, verdicts } = await server.peer.received({ subject: gone, from: to });
      assert.match(headers["dkim-signature"]?.join() ?? "", new RegExp(`d=${server.domain};`));
      assert.equal(verdicts?.dkim, "pass");
    });

    test("what a stranger wrote in our domain's name no filter sends on, let alone signed", async () => {
      await script("support", `require ["copy"];\nredirect :copy "${friend}";\n`);
      const boss = server.address("ceo");
      const subjects = ["", `g${Date.now()}@peer.example`].map((sender) => ({
        sender,
        subject: server.unique("boss"),
      }));
      const answers = await fromOutside(
        subjects.map(({ sender, subject }) => [
          sender,
          server.address("support"),
          letter(subject, [`From: The Boss <${boss}>`]),
        ]),
      );
      const honest = server.unique("honest");
      await fromOutside([[friend, server.address("support"), letter(honest, [`From: ${friend}`])]]);
      await server.peer.received({ subject: honest });
      await queueIsEmpty();
      for (const [index, { subject }] of subjects.entries()) {
        const [code, words] = answers[index]!;
        assert.ok(code === 250 || code === 451 || code === 554, words);
        assert.deepEqual(await folders("support", subject), code === 250 ? ["Junk"] : []);
        assert.equal((await server.peer.exec(["grep", "-rlF", subject, "/var/mail/peer"])).stdout, "");
      }
      assert.ok(
        answers.some(([code]) => code === 250),
        JSON.stringify(answers),
      );
    });

    test("a script answers in nobody else's name", async () => {
      const gone = server.unique("gone");
      await script(
        "tech",
        `require ["vacation"];\nvacation :from "${server.address("ceo")}" :subject "${gone}" "away";\n`,
      );
      const from = `friend+${Date.now()}@peer.example`;
      const [answer] = await fromOutside([
        [from, server.address("tech"), letter(server.unique("ask"), [`From: ${from}`], server.address("tech"))],
      ]);
      assert.equal(answer?.[0], 250, answer?.[1]);
      const log = [
        "sh",
        "-c",
        `journalctl -o cat --since=-10min | grep -aF 'milter-reject: END-OF-MESSAGE' | grep -aF 'to=<${from}>'`,
      ];
      await until("the answer is refused", async () => (await server.system.exec(log)).stdout !== "", 40);
      await queueIsEmpty();
      assert.equal((await server.peer.exec(["grep", "-rlF", gone, "/var/mail/peer"])).stdout, "");
    });

    test("programs of this host write in their own name, unsigned, and in nobody's mailbox past the filter", async () => {
      const run = (user: string, words: string[], input: string) =>
        server.system.exec(["runuser", "-u", user, "--", ...words], { input });
      const boss = server.address("ceo");
      const forged = server.unique("by nobody");
      await run("nobody", ["/usr/sbin/sendmail", "-f", boss, friend], letter(forged, [`From: ${boss}`]));
      await run("nobody", ["/usr/sbin/sendmail", friend], letter(forged, [`From: ${boss}`]));
      const smtp = `import smtplib\nsmtplib.SMTP("127.0.0.1").sendmail("${boss}", "${friend}", ${JSON.stringify(letter(forged, [`From: ${boss}`]))})`;
      const refused = await run("nobody", ["python3", "-c", smtp], "");
      assert.match(refused.stderr, /554, b'5\.7\.1 .*log in on port 587/);
      const lmtp = `import smtplib\nsmtplib.LMTP("/run/dovecot/lmtp")`;
      assert.match(
        (await run("nobody", ["python3", "-c", lmtp], "")).stderr,
        /(PermissionError|FileNotFoundError|ConnectionRefusedError)/,
      );
      const own = server.unique("by www-data");
      await run("www-data", ["/usr/sbin/sendmail", friend], letter(own, []));
      const { headers } = await server.peer.received({ subject: own });
      assert.match(headers.from?.[0] ?? "", new RegExp(`www-data@${server.domain}`));
      assert.equal(headers["dkim-signature"], undefined);
      await queueIsEmpty();
      assert.equal((await server.peer.exec(["grep", "-rlF", forged, "/var/mail/peer"])).stdout, "");
    });

    test("% and ! are letters of a tag, not ways to other hosts", async () => {
      const at = server.domain;
      const fine = [`info+50%off@${at}`, `info+wow!@${at}`, `"info+a b"@${at}`, `"info+x@y"@${at}`];
      const bad = [
        `friend%peer.example@${at}`,
        `peer.example!friend@${at}`,
        `"friend@peer.example"@${at}`,
        `@${at}:${friend}`,
      ];
      const subject = server.unique("tag");
      const answers = await fromOutside(
        [...fine, ...bad].map((to, index) => [
          `c${Date.now()}${index}@peer.example`,
          to,
          letter(`${subject} ${index}`, [`From: ${friend}`]),
        ]),
      );
      for (const [index, to] of fine.entries()) {
        assert.equal(answers[index]?.[0], 250, `${to}: ${answers[index]?.[1]}`);
        await server.imapFind("info", `${subject} ${index}`);
      }
      for (const [index, to] of bad.entries()) assert.match(String(answers[fine.length + index]?.[0]), /^55[0-9]$/, to);
    });

    test("six redirects of one script are six mails", async () => {
      await script("support", [0, 1, 2, 3, 4, 5].map((each) => `redirect "friend+${each}@peer.example";\n`).join(""));
      const subject = server.unique("six");
      await fromOutside([
        [`d${Date.now()}@peer.example`, server.address("support"), letter(subject, [`From: ${friend}`])],
      ]);
      const arrived = async () =>
        (await server.peer.exec(["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer"])).stdout.trim().split("\n")
          .length;
      await until("all are there", async () => (await arrived()) === 6, 40);
    });
  });
}
