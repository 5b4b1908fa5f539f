import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { uidsOf } from "./support/imap";
import { knock } from "./support/guesser";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** What docs/decisions/limits.md gives one client of port 25: connections at once, and messages. */
const connections = 20;
const messagesPerMinute = 50;
/** Names at every domain that are the administrator's (RFC 2142, and those that our own records name). */
const administratorNames = ["abuse", "dmarc", "hostmaster", "postmaster", "root", "tls-rpt"];

/** Ends of a message that only a careless server takes for one (CVE-2023-51764). */
const falseEnds = ["\\n.\\r\\n", "\\n.\\n", "\\r\\n.\\n"];

/** Sends one message with a second one hidden in it, byte for byte. Arguments: host, domain, subject, false end. */
const smuggle = `
import email.utils, socket, sys
host, domain, subject, end = sys.argv[1:]
with socket.create_connection((host, 25), 30) as connection, connection.makefile("rb") as answers:
    def answer():
        while (line := answers.readline())[3:4] == b"-": pass
        print(line.decode().strip())
    def say(text):
        connection.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        answer()
    answer()
    for line in ("EHLO mail.peer.example", "MAIL FROM:<${friend}>", f"RCPT TO:<support@{domain}>", "DATA"):
        say(line + r"\\r\\n")
    head = fr"From: ${friend}\\r\\nTo: support@{domain}\\r\\nMessage-ID: <{subject}@peer.example>\\r\\n"
    head += fr"Date: {email.utils.formatdate()}\\r\\n"
    hidden = fr"MAIL FROM:<admin@{domain}>\\r\\nRCPT TO:<tech@{domain}>\\r\\nDATA\\r\\nSubject: hidden {subject}\\r\\n\\r\\nforged"
    say(fr"{head}Subject: outer {subject}\\r\\n\\r\\nouter body{end}{hidden}\\r\\n.\\r\\n")
    say(r"QUIT\\r\\n")
`;

/** Asks as a client of port 25: how many connections and messages are let in. Argument: address to connect to. */
const hurry = `
import smtplib, socket, sys
address = sys.argv[1]
open = [socket.create_connection((address, 25), 20) for _ in range(${connections + 2})]
greetings = [one.recv(512)[:3].decode() for one in open]
for one in open: one.close()
session = smtplib.SMTP(address, 25, timeout=60)
session.ehlo()
codes = []
for _ in range(${messagesPerMinute + 2}):
    codes.append(session.mail("${friend}")[0])
    session.rset()
print(greetings.count("220"), codes.count(250), sorted(set(greetings) | set(map(str, codes))))
`;

for (const os of everySystem) {
  describe(`SMTP on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const unique = () => `${os}-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
    const talk = async (script: string, ...words: string[]) =>
      (await server.peer.system.must(["python3", "-c", script, ...words])).trim().split("\n");
    before(async () => {
      server = await serverFor(os);
    });

    for (const end of falseEnds)
      test(`a message that ends by ${end} brings no second one with it`, async () => {
        const subject = unique();
        const answers = await talk(smuggle, server.ipv4, server.domain, subject, end);
        assert.match(answers[5] ?? "", /^250 2\.0\.0 Ok: queued/, answers.join("\n"));
        // A second message would have answers of its own before this one.
        assert.match(answers[6] ?? "", /^221 /, answers.join("\n"));
        assert.equal(answers.length, 7);
        await server.imapFind("support", `outer ${subject}`);
        assert.deepEqual(await uidsOf(server, "tech", "INBOX", `hidden ${subject}`), []);
      });

    test("who does not greet, asks for users' names or does not wait for answers is refused", async () => {
      const script = `
import smtplib, sys
host, address = sys.argv[1:]
session = smtplib.SMTP(host, 25, timeout=30)
print(session.mail("${friend}")[0])
session.ehlo()
print(session.verify(address)[0])
session.sock.sendall(f"MAIL FROM:<${friend}>\\r\\nRCPT TO:<{address}>\\r\\nDATA\\r\\nSubject: early\\r\\n".encode())
print([session.getreply()[0] for _ in range(3)])`;
      const answers = await talk(script, server.ipv4, server.address("ceo"));
      assert.deepEqual(answers.slice(0, 2), ["503", "502"]);
      // Postfix of Debian 13 refuses by itself, with another code.
      assert.match(answers[2] ?? "", /^\[250, 250, (503|554)\]$/);
    });

    test("one client gets so many connections and messages a minute; the host itself is no such client", async () => {
      const ask = (address: string) => server.system.must(["python3", "-c", hurry, address]);
      // Its own public address is a stranger's to Postfix, and nobody else's.
      assert.equal((await ask(server.ipv4)).trim(), `${connections} ${messagesPerMinute} ['220', '250', '421', '450']`);
      assert.equal((await ask("127.0.0.1")).trim(), `${connections + 2} ${messagesPerMinute + 2} ['220', '250']`);
    });

    test("the names that every domain has are taken, and what the host writes to root reaches the administrator", async () => {
      const script = `
import smtplib, sys
host, domain, *names = sys.argv[1:]
session = smtplib.SMTP(host, 25, timeout=30)
session.ehlo()
session.mail("${friend}")
print(*[session.rcpt(f"{name}@{domain}")[0] for name in names])`;
      const [codes] = await talk(script, server.ipv4, server.domain, ...administratorNames);
      assert.equal(codes, administratorNames.map(() => "250").join(" "));
      const subject = unique();
      await shell(`printf 'Subject: %s\\n\\nfrom cron\\n' 'cron ${subject}' | sendmail root`);
      await server.imapFind("admin", `cron ${subject}`);
    });

    test("logins are PLAIN and LOGIN: a hash answers no challenge", async () => {
      const script = `
import imaplib, poplib, smtplib, ssl, sys
host = sys.argv[1]
secure = ssl.create_default_context(cafile=sys.argv[2])
with smtplib.SMTP(host, 587, timeout=30) as one, smtplib.SMTP_SSL(host, 465, context=secure, timeout=30) as other:
    one.starttls(context=secure)
    for session in one, other:
        session.ehlo()
        print(*sorted(session.esmtp_features["auth"].split()))
imap = imaplib.IMAP4_SSL(host, 993, ssl_context=secure, timeout=30)
print(*sorted(word[5:] for word in imap.capabilities if word.startswith("AUTH=")))
imap.logout()
pop = poplib.POP3_SSL(host, 995, context=secure, timeout=30)
print(*sorted(pop.capa()["SASL"]))
pop.quit()`;
      const heard = await server.inCloud(["python3", "-c", script, server.hostname, server.trustFile]);
      assert.equal(heard.stdout, ["LOGIN PLAIN", "LOGIN PLAIN", "LOGIN PLAIN", "LOGIN PLAIN"].join("\n"), heard.stderr);
    });

    test("the host's own bounces pass SPF, DKIM and DMARC", async () => {
      const subject = unique();
      const nobody = "nobody-there@peer.example";
      await shell(`printf 'Subject: %s\\n\\nhello\\n' '${subject}' | sendmail -f ${friend} ${nobody}`);
      const find = ["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer/friend/new"];
      let path = "";
      await until("the bounce is there", async () => (path = (await server.peer.exec(find)).stdout.trim()) !== "", 40);
      const bounce = await server.peer.read(path);
      assert.match(bounce.headers.from?.[0] ?? "", new RegExp(`<MAILER-DAEMON@${server.domain}>`));
      const { spf, dkim, dmarc } = bounce.verdicts ?? {};
      assert.deepEqual({ spf, dkim, dmarc }, { spf: "pass", dkim: "pass", dmarc: "pass" });
    });

    test("a flood is stopped by closing port 25 alone, as the administrator's page says", async () => {
      await shell("postconf -e master_service_disable=smtp/inet; postfix reload");
      try {
        await until("port 25 is closed", async () => (await knock(server, 25)) !== "open");
        for (const port of [465, 587, 993]) assert.equal(await knock(server, port), "open", String(port));
      } finally {
        await shell("postconf -X master_service_disable; postfix reload");
      }
      await until("port 25 is open", async () => (await knock(server, 25)) === "open");
      assert.equal((await server.system.exec(["mailstack", "verify", "postfix"])).exitCode, 0);
    });
  });
}
