import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { gtube } from "./support/letters";
import { logIn } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Opens 20 deliveries over Dovecot's socket, and only then sends the messages. Arguments: address, subject. */
const deliverTogether = `
import smtplib, sys
address, subject = sys.argv[1:]
sessions = [smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp") for _ in range(20)]
for session in sessions:
    session.ehlo()
    session.mail("friend@peer.example")
codes = [session.rcpt(address) for session in sessions]
for session, (code, said) in zip(sessions, codes):
    if code == 250:
        code, said = session.data(f"Subject: {subject}\\r\\n\\r\\nhello\\r\\n")
    print("taken" if code == 250 else (code, said), end=" ")
`;

/** Logs in and begins a mail in clear. Arguments: host, port; standard input: user and password. */
const talkWithoutTls = `
import base64, smtplib, sys
user, password = sys.stdin.read().split()
with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=60) as session:
    session.ehlo()
    word = base64.b64encode(f"\\0{user}\\0{password}".encode()).decode()
    for name, (code, words) in ("AUTH", session.docmd("AUTH", f"PLAIN {word}")), ("MAIL", session.mail(user)):
        print(name, code, words.decode())
`;

for (const os of everySystem) {
  describe(`mail on ${os}`, () => {
    let server: Server;
    let friend: string;
    before(async () => {
      server = await serverFor(os);
      friend = "friend@peer.example";
    });

    test("mail from the peer lands in the Maildir and shows by IMAP and POP3", async () => {
      const subject = server.unique("inbound");
      const { id } = await server.peer.sendThroughExim({
        from: friend,
        to: server.address("ceo"),
        subject,
        body: "hello\n",
      });
      const report = await server.peer.delivered(id);
      assert.match(JSON.stringify(report.attempts), /TLS1\.[23]/, "delivered over TLS");
      assert.match(await server.imapFind("ceo", subject), /\d/);
      const files = await server.system.must(["grep", "-rl", subject, `/var/vmail/${server.domain}/ceo/Maildir`]);
      const file = files.split("\n").find((each) => /Maildir\/(new|cur)\//.test(each));
      assert.ok(file, files);
      const head = await server.system.must(["sed", "/^[[:space:]]*$/q", file]);
      assert.match(head, /^X-Spam-Status: No, score=/m);
      assert.match(head, /^Authentication-Results: .*dkim=pass/ms);
      assert.match(await server.pop3Last("ceo"), new RegExp(subject));
    });

    for (const [port, tls] of [
      [587, "required"],
      [465, "wrapped"],
    ] as const) {
      test(`mail sent through ${port} passes SPF, DKIM and DMARC as the peer judges it`, async () => {
        const subject = server.unique(`outbound ${port}`);
        const login = await server.login("ceo");
        const sent = await server.peer.send({
          from: server.address("ceo"),
          to: friend,
          subject,
          server: server.hostname,
          port,
          tls,
          ...login,
        });
        assert.equal(sent.code, 250, sent.transcript);
        const message = await server.peer.received({ subject });
        assert.deepEqual(
          { ...message.verdicts, tls: message.verdicts?.tls.startsWith("TLS1.") },
          { spf: "pass", dkim: "pass", dmarc: "pass", iprev: "pass", tls: true },
        );
      });
    }

    test("capital letters in an address are the same mailbox, for mail and for a login", async () => {
      const subject = server.unique("capitals");
      const { user, password } = await server.login("ceo");
      const to = user.toUpperCase();
      const inbound = await server.peer.send({ from: friend, to, subject, server: server.hostname });
      assert.equal(inbound.code, 250, inbound.transcript);
      assert.match(await server.imapFind("ceo", subject), /\d/);
      assert.equal(await logIn(server, 993, { user: to, password }), "in");
      const how = { server: server.hostname, port: 587, tls: "required" as const, user: to, password };
      const outbound = await server.peer.send({ from: user, to: friend, subject, ...how });
      assert.equal(outbound.code, 250, outbound.transcript);
    });

    test("an alias delivers", async () => {
      const subject = server.unique("alias");
      const sent = await server.peer.send({
        from: friend,
        to: server.address("sales"),
        subject,
        server: server.hostname,
      });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await server.imapFind("info", subject), /\d/);
    });

    test("user+tag delivers", async () => {
      const subject = server.unique("tag");
      const sent = await server.peer.send({
        from: friend,
        to: server.address("tech+shop"),
        subject,
        server: server.hostname,
      });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await server.imapFind("tech", subject), /\d/);
    });

    test("mail to postmaster reaches the administrator", async () => {
      const subject = server.unique("postmaster");
      const sent = await server.peer.send({
        from: friend,
        to: server.address("postmaster"),
        subject,
        server: server.hostname,
      });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await server.imapFind("admin", subject), /\d/);
    });

    test("20 deliveries to one user at the same time are all taken", async () => {
      const subject = server.unique("together");
      const answers = await server.system.must(["python3", "-c", deliverTogether, server.address("tech"), subject]);
      assert.equal(answers.trim(), "taken ".repeat(20).trim());
      assert.equal((await server.imapFind("tech", subject)).split(" ").length, 20);
    });

    test("30 MB passes, 50 MB is refused at SMTP time", async () => {
      const subject = server.unique("large");
      const large = await server.peer.send({
        from: friend,
        to: server.address("ceo"),
        subject,
        sizeMb: 30,
        server: server.hostname,
      });
      assert.equal(large.code, 250, large.transcript.slice(-2000));
      assert.match(await server.imapFind("ceo", subject), /\d/);
      const huge = await server.peer.send({
        from: friend,
        to: server.address("ceo"),
        sizeMb: 50,
        server: server.hostname,
      });
      assert.equal(huge.code, 552, huge.transcript.slice(-2000));
    });

    const refusals: [string, () => Promise<{ code: number; reply: string }>, number, RegExp][] = [
      [
        "GTUBE",
        () =>
          server.peer.send({ from: friend, to: server.address("ceo"), body: `${gtube}\n`, server: server.hostname }),
        554,
        /gtube|spam/i,
      ],
      [
        "an unknown user",
        () => server.peer.send({ from: friend, to: server.address("nobody"), server: server.hostname }),
        550,
        /5\.1\.1/,
      ],
      [
        "relaying",
        () => server.peer.send({ from: friend, to: "someone@elsewhere.example", server: server.hostname }),
        554,
        /relay access denied/i,
      ],
      [
        "a wrong password",
        () =>
          server.peer.send({
            from: server.address("ceo"),
            to: friend,
            server: server.hostname,
            port: 587,
            tls: "required",
            user: server.address("ceo"),
            password: "wrong",
          }),
        535,
        /5\.7\.8/,
      ],
      [
        "a foreign sender after login",
        async () =>
          server.peer.send({
            from: "ceo@bigbank.example",
            to: friend,
            server: server.hostname,
            port: 587,
            tls: "required",
            ...(await server.login("ceo")),
          }),
        553,
        /not owned by user/,
      ],
    ];
    for (const [what, attempt, code, words] of refusals) {
      test(`${what} is refused`, async () => {
        const answer = await attempt();
        assert.equal(answer.code, code, answer.reply);
        assert.match(answer.reply, words);
      });
    }

    test("a login without TLS is refused, with the right password too, and so is mail without a login", async () => {
      const { user, password } = await server.login("ceo");
      const said = async (port: number) => {
        const words = ["python3", "-c", talkWithoutTls, server.hostname, String(port)];
        return (await server.peer.system.must(words, { input: `${user} ${password}` })).trim().split("\n");
      };
      assert.deepEqual(await said(587), [
        "AUTH 530 5.7.0 Must issue a STARTTLS command first",
        "MAIL 530 5.7.0 Must issue a STARTTLS command first",
      ]);
      assert.equal((await said(25))[0], "AUTH 503 5.5.1 Error: authentication not enabled");
    });

    test("no login is offered on port 25, none before TLS on 587", async () => {
      for (const port of [25, 587]) {
        const talk = await server.peer.exec([
          "swaks",
          "--server",
          server.hostname,
          "--port",
          String(port),
          "--quit-after",
          "EHLO",
        ]);
        assert.match(talk.stdout, /250[ -]STARTTLS/);
        assert.doesNotMatch(talk.stdout, /250[ -]AUTH/);
      }
    });

    test("nothing is left in the queue", async () => {
      const queue = await server.system.must(["postqueue", "-j"]);
      assert.equal(queue.trim(), "");
    });
  });
}
