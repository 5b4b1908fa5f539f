import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { letterHead } from "./support/letters";
import { manageSieve } from "./support/managesieve";
import { submitRaw } from "./support/raw-smtp";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const nobody = "nobody-there@peer.example";

/** Hands one message over at port 25. Standard input: [host, sender, recipient, text]. Prints what was answered last. */
const send = `
import json, smtplib, sys
host, sender, to, text = json.load(sys.stdin)
with smtplib.SMTP(host, 25, timeout=60) as session:
    session.ehlo("mail.peer.example")
    session.mail(sender)
    code, words = session.rcpt(to)
    if code == 250: code, words = session.data(text.encode())
print(json.dumps([code, words.decode()]))
`;

/** Who may connect to a port of the loopback, as a user of the host. Arguments: ports. */
const knockInside = `
import socket, sys
for port in sys.argv[1:]:
    try: socket.create_connection(("127.0.0.1", int(port)), 5).close()
    except OSError as error: print(port, type(error).__name__)
    else: print(port, "open")
`;

for (const os of everySystem) {
  describe(`mail that is sent on to the outside, on ${os}`, () => {
    let server: Server;
    const sql = (text: string) => server.system.must(["sqlite3", "/var/lib/mailserver/mail.db", text]);
    const sent = async (sender: string, to: string, subject: string, from = friend, more: string[] = []) => {
      const head = letterHead(from, to, subject);
      const text = [...more, ...head, "", `${subject}: lamps and tea`, ""].join("\r\n");
      const input = JSON.stringify([server.ipv4, sender, to, text]);
      return JSON.parse(await server.peer.system.must(["python3", "-c", send], { input })) as [number, string];
    };
    const queueIsEmpty = () =>
      until("the queue is empty", async () => (await server.system.must(["postqueue", "-j"])).trim() === "", 60);
    const text = (value: unknown) => JSON.stringify(value);

    before(async () => {
      server = await serverFor(os);
      const rows = [
        ["away", friend],
        ["gone", nobody],
        ["both", friend],
        ["both", server.address("info")],
      ].map(([alias, to]) => `('${server.address(alias!)}', '${to}')`);
      await sql(`INSERT INTO aliases (source, destination) VALUES ${rows.join(", ")}`);
    });
    after(async () => {
      const names = ["away", "gone", "both"].map((alias) => `'${server.address(alias)}'`);
      await sql(`DELETE FROM aliases WHERE source IN (${names.join(", ")})`);
      await manageSieve(server, "support", [['SETACTIVE ""'], ["DELETESCRIPT", '"on"']]);
    });

    /** Paths of the peer's copies. */
    const received = async (subject: string) =>
      (await server.peer.exec(["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer"])).stdout
        .split("\n")
        .filter(Boolean);
    /** How the peer judged it, and the sender that it saw. */
    const judged = async (subject: string) => {
      const { headers, verdicts } = await server.peer.received({ subject });
      return { spf: verdicts?.spf, dmarc: verdicts?.dmarc, sender: headers["return-path"]?.[0] ?? "", headers };
    };

    test("through an alias it has a sender of this host, and SPF passes", async () => {
      const subject = server.unique("sent on");
      const [code, words] = await sent(`a${Date.now()}@peer.example`, server.address("away"), subject);
      assert.equal(code, 250, words);
      const { spf, sender, headers } = await judged(subject);
      assert.equal(spf, "pass", text(headers));
      assert.match(sender, new RegExp(`SRS0=.*=peer\\.example=.*@${server.hostname}`));
      assert.doesNotMatch(text(headers["dkim-signature"] ?? ""), new RegExp(server.domain));
    });

    const redirectTo = async (address: string) => {
      const { answers } = await manageSieve(server, "support", [
        ["PUTSCRIPT", '"on"', `require ["copy"];\nredirect :copy "${address}";\n`],
        ["SETACTIVE", '"on"'],
      ]);
      for (const answer of answers) assert.match(answer, /^OK/);
    };

    test("a user's filter sends on likewise", async () => {
      await redirectTo(friend);
      const subject = server.unique("redirected");
      await sent(`b${Date.now()}@peer.example`, server.address("support"), subject);
      const { spf, sender } = await judged(subject);
      assert.equal(spf, "pass");
      assert.match(sender, /SRS0=/);
    });

    test("what a user wrote, and somebody sends here again, goes on with the user's signature alone", async () => {
      await redirectTo(friend);
      const subject = server.unique("once");
      const own = server.address("info");
      const data = [...letterHead(own, friend, subject), "", "hello", ""].join("\r\n");
      assert.match((await submitRaw(server, "info", { to: [friend], data })).data, /^250 /);
      const first = await server.peer.received({ subject });
      // As a mailing list does, or a thief: the signature proves From, so it is no forged mail.
      const raw = await server.peer.system.must(["cat", first.path]);
      const again = raw.slice(raw.indexOf("DKIM-Signature:")).replace(/\r?\n/g, "\r\n");
      const job = JSON.stringify([server.ipv4, `j${Date.now()}@peer.example`, server.address("support"), again]);
      const [code, words] = JSON.parse(await server.peer.system.must(["python3", "-c", send], { input: job })) as [
        number,
        string,
      ];
      assert.equal(code, 250, words);
      await until("it is sent on", async () => (await received(subject)).length === 2, 60);
      const [path] = (await received(subject)).filter((each) => each !== first.path);
      const { headers } = await server.peer.read(path!);
      assert.ok(headers["x-sieve-redirected-from"], text(headers));
      const signatures = (headers["dkim-signature"] ?? []).filter((each) => each.includes(server.domain));
      assert.deepEqual(signatures, first.headers["dkim-signature"]);
    });

    test("an alias seals what this host found out, so that the receiver can check it (ARC)", async () => {
      const subject = server.unique("sealed");
      await server.peer.sendThroughExim({ from: friend, to: server.address("away"), subject });
      await until("it came back", async () => (await received(subject)).length === 1, 60);
      const [path] = await received(subject);
      const { headers } = await server.peer.read(path!);
      assert.match(headers["arc-seal"]?.[0] ?? "", new RegExp(`i=1;.*d=${server.domain};.*cv=none`));
      assert.match(headers["arc-authentication-results"]?.[0] ?? "", /dmarc=pass/);
      const raw = await server.peer.system.must(["cat", path!]);
      const judgement = await server.peer.system.exec(["arcverify"], { input: raw.replace(/\r?\n/g, "\r\n") });
      assert.match(judgement.stdout, /cv=b?'?pass/, judgement.stdout + judgement.stderr);
    });

    test("a sender that another server has rewritten already leads back to that server (SRS1)", async () => {
      const subject = server.unique("again");
      const first = `SRS0=abcd=XY=else.example=writer@peer.example`;
      const [code, words] = await sent(first, server.address("away"), subject);
      assert.equal(code, 250, words);
      const { spf, sender } = await judged(subject);
      assert.equal(spf, "pass");
      // The check value is base64.
      const ours = new RegExp(`SRS1=[\\w+/]{4}=peer\\.example==abcd=XY=else\\.example=writer@${server.hostname}`).exec(
        sender,
      )?.[0];
      assert.ok(ours, sender);
      assert.equal((await sent("", ours, server.unique("back"), "mailer-daemon@mail.peer.example"))[0], 250);
      const log = ["sh", "-c", `journalctl -o cat --since=-5min | grep -aF 'to=<${first}>'`];
      await until(
        "it goes back",
        async () => /relay=mail\.peer\.example/.test((await server.system.exec(log)).stdout),
        60,
      );
      await queueIsEmpty();
    });

    test("what stays here keeps its sender", async () => {
      const subject = server.unique("both");
      const sender = `c${Date.now()}@peer.example`;
      await sent(sender, server.address("both"), subject);
      assert.match((await judged(subject)).sender, /SRS0=/);
      const [uid] = (await server.imapFind("info", subject)).split(" ");
      assert.ok(uid);
      const folder = `/var/vmail/${server.domain}/info/Maildir`;
      const found = await server.system.must(["grep", "-rhF", "Return-Path:", folder, "--include=*"]);
      assert.ok(found.includes(`<${sender}>`), found);
    });

    for (const [what, to] of Object.entries({ alias: "gone", filter: "support" }))
      test(`a bounce of what a user's ${what} sends on finds its way back to who wrote`, async () => {
        if (what === "filter") await redirectTo(nobody);
        const subject = server.unique("bounced");
        const writer = `friend+${Date.now()}@peer.example`;
        assert.equal((await sent(writer, server.address(to), subject))[0], 250);
        await until(
          "the bounce is there",
          async () => {
            const found = await server.peer.exec(["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer"]);
            const paths = found.stdout.trim().split("\n");
            return (await server.peer.exec(["grep", "-lF", "Undelivered Mail", ...paths, "/dev/null"])).stdout !== "";
          },
          60,
        );
        await queueIsEmpty();
      });

    test("nobody else's mail comes back that way", async () => {
      const made = await server.system.must([
        "python3",
        "-c",
        `import socket
s = socket.create_connection(("127.0.0.1", 10001)); s.sendall(b"get friend@peer.example\\n"); print(s.recv(999).decode().split()[1])`,
      ]);
      const address = made.trim();
      const again = server.unique("by hand");
      const [code, words] = await sent("stranger@peer.example", address, again);
      assert.equal(code, 550, words);
      assert.match(words, /bounces only/);
      // A bounce of another server's, and one to an address that this host did not make.
      assert.equal((await sent("", address, again, "mailer-daemon@mail.peer.example"))[0], 250);
      assert.ok(await server.peer.received({ subject: again }));
      const forged = address.replace(/=(....)=/, "=AAAA=");
      assert.notEqual(forged, address);
      assert.equal((await sent("", forged, server.unique("forged"), "mailer-daemon@mail.peer.example"))[0], 550);
    });

    test("forged mail in our domain gets no SPF of ours by it, whatever its envelope says", async () => {
      const boss = server.address("ceo");
      const [code, words] = await sent(boss, server.address("away"), server.unique("own envelope"), boss);
      assert.equal(code, 554, words);
      assert.match(words, /domain of this host: log in on port 587/);
      // OpenDMARC takes SPF of the host's name for that of the domain, also with `aspf=s`.
      for (const sender of ["", `d${Date.now()}@peer.example`])
        for (const alias of ["away", "away+tag", "both"]) {
          const [answer, said] = await sent(sender, server.address(alias), server.unique("forged"), boss);
          assert.equal(answer, 554, said);
          assert.match(said, /in the name of a domain of this host, so it is not sent on/);
        }
    });

    test("nor in the host's own name, for which SPF of forwarded mail speaks", async () => {
      const host = `root@${server.hostname}`;
      for (const sender of [host, "", `f${Date.now()}@peer.example`]) {
        const [code, words] = await sent(sender, server.address("away"), server.unique("as the host"), host);
        assert.equal(code, 554, words);
        assert.match(words, /domain of this host|name of this host/);
      }
    });

    test("while the rewriter is down, only what is sent on waits", async () => {
      await server.system.must(["systemctl", "stop", "postsrsd.service"]);
      const waits = server.unique("waits");
      try {
        const status = await server.system.exec(["mailstack", "status"]);
        assert.match(status.stdout, /BAD {2}forwarding/);
        const subject = server.unique("stays");
        await sent(friend, server.address("info"), subject);
        await server.imapFind("info", subject);
        const [code, words] = await sent(`e${Date.now()}@peer.example`, server.address("away"), waits);
        assert.equal(code, 250, words);
        await until("it waits", async () => /"delay_reason"/.test(await server.system.must(["postqueue", "-j"])));
      } finally {
        await server.system.must(["systemctl", "start", "postsrsd.service"]);
      }
      await until("it answers", async () =>
        /ok {3}forwarding/.test((await server.system.exec(["mailstack", "status"])).stdout),
      );
      await server.system.must(["postqueue", "-f"]);
      assert.equal((await judged(waits)).spf, "pass");
      // What Postfix tells the administrator about it is the host's own mail, by whichever of its processes.
      const log = await server.system.must([
        "journalctl",
        "-o",
        "cat",
        "--since=-3min",
        `--unit=${server.postfixUnit}`,
      ]);
      assert.doesNotMatch(log, /milter-reject.*double-bounce/);
      assert.match(log, /from=<double-bounce@.*queue active/);
    });

    test("nobody else on the host gets in by these doors, nor by those of the filter", async () => {
      const ports = ["10001", "10002", "10027", "11331", "11332"];
      for (const user of ["nobody", "www-data", "_rspamd"]) {
        const ran = await server.system.must([
          ...["runuser", "-u", user, "--", "python3", "-c", knockInside],
          ...ports,
        ]);
        assert.equal(ran.trim(), ports.map((port) => `${port} ConnectionRefusedError`).join("\n"), user);
      }
    });
  });
}
