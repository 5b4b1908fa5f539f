import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { uidsOf } from "./support/imap";
import { gtube, letterHead, lure } from "./support/letters";
import { manageSieve } from "./support/managesieve";
import {
  drain,
  forget,
  learned,
  overfill,
  sixMinutesLater,
  teach,
  untilOld,
  verdictOn,
  wordsLeft,
} from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const user = "support";
/** Messages of each kind before Bayes says anything. */
const enough = 200;

const spamWords = "pills winner lottery casino jackpot prize miracle cheap watches replica loans offshore".split(" ");
const hamWords = "meeting agenda invoice project schedule printer minutes lunch report budget office train".split(" ");
const pick = (words: string[], seed: number) =>
  Array.from({ length: 30 }, (_, index) => `${words[(seed * 7 + index * 5) % words.length]}`).join(" ");
const lesson = (words: string[], seed: number) =>
  `From: a${seed}@peer.example\nTo: b@peer.example\nSubject: ${pick(words, seed).slice(0, 40)}\n` +
  `Message-ID: <lesson-${words[0]}-${seed}@peer.example>\n\n${pick(words, seed)} ${seed}\n`;

for (const os of everySystem) {
  describe(`Rspamd on ${os}`, () => {
    let server: Server;
    const inFolder = async (folder: string, subject: string) => (await uidsOf(server, user, folder, subject)).length;
    const arrived = (folder: string, subject: string) =>
      until(`${subject} is in ${folder}`, async () => (await inFolder(folder, subject)) === 1);
    interface Sent {
      from?: string;
      subject: string;
      body?: string;
      raw?: string;
      swaks?: string[];
      headers?: Record<string, string>;
    }
    const send = (letter: Sent) =>
      server.peer.send({ from: friend, to: server.address(user), server: server.hostname, ...letter });
    const submit = async (from: string, to: string[], subject: string, headers: Record<string, string> = {}) =>
      server.peer.send({
        ...{ from: server.address(from), to, subject, headers, server: server.hostname, port: 587, tls: "required" },
        ...(await server.login(from)),
      });

    const urnOf = async (name: string) => {
      const { stdout } = await server.stack.pulumi(["stack", "export"]);
      const { deployment } = JSON.parse(stdout) as { deployment: { resources: { urn: string }[] } };
      const found = deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`));
      assert.ok(found, `no resource ${name}`);
      return found.urn;
    };

    const mainProcess = async () =>
      (await server.system.must(["systemctl", "show", "--property=MainPID", "--value", "rspamd.service"])).trim();

    before(async () => {
      server = await serverFor(os);
      // Who has answered a user in an earlier run of this file is known: a key of eight characters for each user.
      await forget(server, "????????");
    });
    // Who was put off is put off again, whatever comes next.
    beforeEach(() => forget(server, "rg*", "RL*"));
    after(async () => {
      server.restoreConfig();
      await server.up();
      await forget(server, "rg*", "RL*", "RS*", "learned_ids*");
      await manageSieve(server, user, [['SETACTIVE ""'], ["DELETESCRIPT", '"forward"']]);
    });

    test("its processes share the compiled patterns of the first start", async () => {
      await until("the main process maps them", async () =>
        /\/var\/lib\/rspamd\/\w+\.hsmp/.test(await server.system.must(["cat", `/proc/${await mainProcess()}/maps`])),
      );
    });

    test("a clean mail passes at once", async () => {
      const subject = server.unique("clean");
      const sent = await send({ subject });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await verdictOn(server, sent.messageId), /\(no action\)/);
    });

    test("a restart after that takes seconds", async () => {
      const secondsOf = async (...command: string[]) => {
        const start = Date.now();
        await server.system.must(command);
        return (Date.now() - start) / 1000;
      };
      // Reads the same configuration, however busy the machine is; compiling the patterns takes a minute where it is not.
      const reading = await secondsOf("rspamadm", "configtest");
      const seconds = await secondsOf("systemctl", "restart", "rspamd.service");
      assert.ok(seconds < Math.max(8, 3 + 5 * reading), `${seconds} s, and ${reading} s to read the configuration`);
      await until("it listens", async () => (await send({ subject: server.unique("anew") })).code === 250);
    });

    test("a link that leads elsewhere than it says is phishing: put off with 451, taken later", async () => {
      const subject = server.unique("lure");
      const first = await send({ subject, raw: lure(server.address(user), subject) });
      assert.equal(first.code, 451, first.transcript);
      assert.match(first.reply, /4\.7\.1 Try again later/);
      assert.match(await verdictOn(server, subject.replace(/\W+/g, ".")), /PHISHING\(\d/);
      assert.equal((await send({ subject, raw: lure(server.address(user), subject) })).code, 451, "too early");
      await sixMinutesLater(server);
      assert.equal((await send({ subject, raw: lure(server.address(user), subject) })).code, 250);
      await arrived("INBOX", subject);
    });

    test("what the sender's domain wants refused is refused (DMARC)", async () => {
      // peer.example says p=reject; this comes from another address and unsigned.
      const program = `
import smtplib, sys
with smtplib.SMTP(sys.argv[1], 25, timeout=30) as session:
    session.ehlo("mail.peer.example")
    session.mail("${friend}"), session.rcpt(sys.argv[2])
    print(session.data(f"From: ${friend}\\r\\nTo: {sys.argv[2]}\\r\\nSubject: forged\\r\\nDate: Mon, 2 Nov 2026 10:00:00 +0000\\r\\nMessage-ID: <forged@peer.example>\\r\\n\\r\\nhello\\r\\n"))`;
      // By IPv4: Rspamd lets the whole /64 of an exchanger pass SPF, and this cloud's IPv6 is one /64.
      const result = await server.inCloud(["python3", "-c", program, server.ipv4, server.address(user)]);
      assert.match(await verdictOn(server, "forged@peer.example"), /set by dmarc/);
      assert.match(result.stdout, /^\(554, b'5\.7\.1 /, result.stdout + result.stderr);
    });

    test("a private network is no friend: its mail is judged like any other", async () => {
      const letter = [...letterHead(friend, server.address(user), "from inside"), "", "hello", ""].join("\r\n");
      const ask = ["rspamc", "--connect=/run/rspamd/controller.sock", "--from", friend, "--ip"];
      const judged = (ip: string) =>
        server.system.must(["runuser", "-u", "_rspamd", "--", ...ask, ip], { input: letter });
      for (const ip of ["10.1.2.3", "192.168.1.2", "172.16.0.1"]) {
        const symbols = await judged(ip);
        assert.match(symbols, /R_SPF_FAIL/, ip);
        assert.match(symbols, /DMARC_POLICY_REJECT/, ip);
      }
      assert.doesNotMatch(await judged("127.0.0.1"), /R_SPF_FAIL/);
    });

    test("what the sender's domain wants set aside goes to Junk (DMARC)", async () => {
      // The host's own domain says p=quarantine.
      const subject = server.unique("own name");
      const sent = await send({ subject, headers: { From: server.address("ceo") } });
      assert.equal(sent.code, 250, sent.transcript);
      await arrived("Junk", subject);
    });

    test("forwarded mail carries a seal that its receiver can check (ARC)", async () => {
      const script = `redirect :copy "${friend}";\n`;
      const { answers } = await manageSieve(server, user, [
        ["PUTSCRIPT", '"forward"', `require ["copy"];\n${script}`],
        ["SETACTIVE", '"forward"'],
      ]);
      assert.deepEqual(
        answers.map((answer) => answer.slice(0, 2)),
        ["OK", "OK"],
      );
      const subject = server.unique("forwarded");
      await server.peer.sendThroughExim({ from: friend, to: server.address(user), subject });
      const message = await server.peer.received({ subject });
      await manageSieve(server, user, [['SETACTIVE ""']]);
      assert.match(message.headers["arc-seal"]?.[0] ?? "", new RegExp(`i=1;.*d=${server.domain};.*cv=none`));
      assert.match(message.headers["arc-authentication-results"]?.[0] ?? "", /dmarc=pass/);
      const text = await server.peer.system.must(["cat", message.path]);
      const judged = await server.peer.system.exec(["arcverify"], { input: text.replace(/\r?\n/g, "\r\n") });
      assert.match(judged.stdout, /cv=b?'?pass/, judged.stdout + judged.stderr);
    });

    test("an answer to what a user wrote is welcome", async () => {
      const question = server.unique("question");
      const sent = await submit(user, [friend], question);
      assert.equal(sent.code, 250, sent.transcript);
      const subject = server.unique("answer");
      const raw = lure(server.address(user), subject).replace("Subject:", `In-Reply-To: ${sent.messageId}\nSubject:`);
      const answer = await send({ subject, raw });
      assert.equal(answer.code, 250, `the same lure as above: ${answer.transcript}`);
      assert.match(await verdictOn(server, subject.replace(/\W+/g, ".")), /REPLY\(-4/);
    });

    test("on Debian 13 who has answered a user is known from then on", async () => {
      const pal = `pal-${Date.now()}@peer.example`;
      const stranger = `stranger-${Date.now()}@peer.example`;
      const sent = await submit(user, [friend], server.unique("question"));
      const first = server.unique("answer");
      const told = `In-Reply-To: ${sent.messageId}`;
      const answer = lure(server.address(user), first).replace(friend, pal).replace("Subject:", `${told}\nSubject:`);
      assert.equal((await send({ from: pal, subject: first, raw: answer })).code, 250);

      const lureOf = async (from: string) => {
        const subject = server.unique("later");
        const { code } = await send({ from, subject, raw: lure(server.address(user), subject).replace(friend, from) });
        return { code, verdict: await verdictOn(server, subject.replace(/\W+/g, ".")) };
      };
      const nobody = await lureOf(stranger);
      assert.equal(nobody.code, 451, nobody.verdict);
      assert.doesNotMatch(nobody.verdict, /KNOWN_/);
      // Who was put off is put off again, and that counts the network too.
      await forget(server, "rg*");
      const known = await lureOf(pal);
      if (os === "debian12") {
        assert.equal(known.code, 451, known.verdict);
        assert.doesNotMatch(known.verdict, /KNOWN_/);
      } else {
        assert.equal(known.code, 250, known.verdict);
        assert.match(known.verdict, /KNOWN_CORRESPONDENT\(-3/);
      }
    });

    test(`Bayes says nothing before ${enough} lessons, and then sends spam to Junk`, async () => {
      await forget(server, "RS*", "learned_ids*");
      const before = await send({ subject: server.unique("early"), body: pick(spamWords, 3) });
      assert.doesNotMatch(await verdictOn(server, before.messageId), /BAYES_/);
      const seeds = Array.from({ length: enough + 5 }, (_, index) => index);
      await teach(
        server,
        "spam",
        seeds.map((seed) => lesson(spamWords, seed)),
      );
      await teach(
        server,
        "ham",
        seeds.map((seed) => lesson(hamWords, seed)),
      );
      const { spam, ham } = await learned(server);
      assert.ok(spam >= enough && ham >= enough, `${spam} and ${ham} were learned`);

      const subject = server.unique("spam");
      const raw = lure(server.address(user), subject).replace(
        "</p>",
        ` ${pick(spamWords, 11)} ${pick(spamWords, 12)}</p>`,
      );
      assert.equal((await send({ subject, raw })).code, 451);
      assert.match(await verdictOn(server, subject.replace(/\W+/g, ".")), /BAYES_SPAM\([3-9]/);
      await sixMinutesLater(server);
      assert.equal((await send({ subject, raw })).code, 250);
      await arrived("Junk", subject);

      const good = server.unique("good");
      const sent = await send({ subject: good, body: pick(hamWords, 13) });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await verdictOn(server, sent.messageId), /BAYES_HAM\(-/);
      await arrived("INBOX", good);
    });

    test("what was learned and says little has an end", async () => {
      // Rspamd 3.12 looks at its words once in one to two minutes.
      const hasEnd = async () => (await wordsLeft(server)).some((seconds) => seconds > 8_000_000);
      await until("Rspamd has looked at its words", hasEnd, 130);
    });

    test("nothing was learned from verdicts alone", async () => {
      const start = await learned(server);
      await send({ subject: server.unique("clean"), body: pick(hamWords, 17) });
      await send({
        subject: server.unique("GTUBE"),
        body: `${gtube}\n`,
      });
      assert.deepEqual(await learned(server), start);
    });

    test("with its memory full it still knows whom it has put off", async () => {
      const [from, subject] = [`stranger-${Date.now()}@peer.example`, server.unique("lure")];
      const raw = lure(server.address(user), subject).replace(friend, from);
      await overfill(server, 1000);
      await untilOld(server);
      assert.equal((await send({ from, subject, raw })).code, 451);
      await overfill(server, 200_000);
      await sixMinutesLater(server);
      assert.equal((await send({ from, subject, raw })).code, 250);
      await drain(server);
    });

    test("a changed password of the controller reaches Rspamd with the next up", async () => {
      const status = async () => {
        const password = (await server.system.must(["cat", "/etc/mailstack/secrets/rspamd-controller"])).trim();
        const program = `
import sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:11334/stat", headers={"Password": sys.stdin.read()} )
try: print(urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error: print(error.code)`;
        const ask = async (input: string) => (await server.system.must(["python3", "-c", program], { input })).trim();
        return { password, ask };
      };
      const old = await status();
      const process = await mainProcess();
      assert.equal(await old.ask(old.password), "200");
      assert.match(await old.ask("wrong"), /^40[13]$/);
      await server.stack.pulumi(["state", "taint", "--yes", await urnOf("mail-rspamd-controller")]);
      const { summary } = await server.up();
      assert.deepEqual({ update: summary.update, replace: summary.replace }, { update: 1, replace: 2 });
      const now = await status();
      assert.notEqual(now.password, old.password);
      await until("the new password counts", async () => (await now.ask(now.password)) === "200");
      assert.match(await now.ask(old.password), /^40[13]$/);
      assert.equal(await mainProcess(), process, "a restart puts mail off");
    });
  });
}
