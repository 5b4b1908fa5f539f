import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { letterHead } from "./support/letters";
import { storedBytes } from "./support/maildir";
import { sendRaw, submitRaw } from "./support/raw-smtp";
import { forget } from "./support/rspamd";
import { everySystem, serverFor, type Server } from "./support/servers";
import { signer, type Signer } from "./support/smime";

const friend = "friend@peer.example";
const longest = 998;
const longLine = `<p>${"word ".repeat(720)}end</p>`;
/** What a program does that knows nothing of lines. */
const onePiece = Buffer.from("attachment ".repeat(500)).toString("base64");
const longLines = (text: string) => text.split(/\r?\n/).filter((line) => line.length > longest);
const plain = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"];

/** What strangers send, by name: lines below the headers, and headers of its own. */
const fromStrangers: Record<string, { head?: string[]; body: (string | Buffer)[] }> = {
  "one line of 3600 characters": { head: ["Content-Type: text/html; charset=us-ascii"], body: [longLine] },
  "one line of 20,000 characters without a space": { body: ["x".repeat(20_000)] },
  "bytes above 127": {
    head: plain,
    body: ["We met at the caf\u00e9 in town last week and talked about the invoice for all the garden chairs."],
  },
  "NUL bytes": { body: [Buffer.from("before\0after\0")] },
  "white space at the ends of lines and of the message": { body: ["word  \t", "\t ", "", "", ""] },
  "a header of one line longer than 998 characters": {
    head: [`References: ${Array.from({ length: 60 }, (_, index) => `<reference.${index}@peer.example>`).join(" ")}`],
    body: ["hello"],
  },
  "a header of 50 kB": {
    head: [`X-Large: ${"word ".repeat(15)}`, ...Array.from({ length: 650 }, () => `\t${"word ".repeat(15)}`)],
    body: ["hello"],
  },
};

/** What users send, by name; the peer receives the text somewhere in it. */
const fromUsers: Record<string, { head?: string[]; body: (string | Buffer)[]; text?: string }> = {
  "one line of 3600 characters": {
    head: ["Content-Type: text/html; charset=us-ascii"],
    body: [longLine],
    text: longLine,
  },
  "one line of 3600 characters in a part": {
    head: ['Content-Type: multipart/alternative; boundary="B"'],
    body: ["--B", "Content-Type: text/plain", "", "hello", "--B", "Content-Type: text/html", "", longLine, "--B--"],
    text: longLine,
  },
  "an attachment in one line": {
    head: ["Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64"],
    body: [onePiece],
    text: onePiece,
  },
  "a header of one line longer than 998 characters": {
    head: [`References: ${Array.from({ length: 60 }, (_, index) => `<reference.${index}@peer.example>`).join(" ")}`],
    body: ["hello"],
  },
  "bytes above 127": {
    head: plain,
    body: ["Gr\u00fc\u00dfe"],
    text: Buffer.from("Gr\u00fc\u00dfe").toString("latin1"),
  },
  "white space at the ends of lines and of the message": { body: ["word  \t", "\t ", "", ""] },
  "NUL bytes": { body: [Buffer.from("before\0after")] },
};

for (const os of everySystem) {
  describe(`messages stay as they are on ${os}`, () => {
    let server: Server;
    const letter = (from: string, to: string, subject: string, head: string[], body: (string | Buffer)[]) =>
      Buffer.concat([
        Buffer.from([...letterHead(from, to, subject), ...head, "", ""].join("\r\n")),
        ...body.flatMap((line) => [Buffer.from(line), Buffer.from("\r\n")]),
      ]);
    before(async () => {
      server = await serverFor(os);
    });
    // One mail that is put off takes all others of its sender along.
    beforeEach(() => forget(server, "rg*"));

    for (const [what, { head = [], body }] of Object.entries(fromStrangers))
      test(`${what} from outside: stored byte for byte`, async () => {
        const subject = server.unique("bytes");
        const data = letter(friend, server.address("support"), subject, head, body);
        const talk = await sendRaw(server, { from: friend, to: [server.address("support")], data });
        assert.match(talk.data, /^250 /);
        const stored = await storedBytes(server, "support", subject);
        // A Maildir holds line feeds alone. What this host adds to the headers stands before and behind the sender's.
        const [sent, kept] = [data, stored].map((bytes) => halves(bytes.toString("latin1").replace(/\r\n/g, "\n")));
        assert.ok(kept!.head.includes(sent!.head), firstDifference(kept!.head, sent!.head));
        assert.equal(kept!.body, sent!.body);
      });

    for (const [what, { head = [], body, text }] of Object.entries(fromUsers))
      test(`${what} from a user: the signature is right where it arrives`, async () => {
        const subject = server.unique("signed");
        const data = letter(server.address("support"), friend, subject, head, body);
        const talk = await submitRaw(server, "support", { to: [friend], data });
        assert.match(talk.data, /^250 /);
        const message = await server.peer.received({ subject });
        assert.equal(message.verdicts?.dkim, "pass");
        assert.equal(message.verdicts?.dmarc, "pass");
        const raw = (await server.peer.system.must(["cat", message.path])).split(/\r?\n\r?\n/);
        assert.deepEqual(longLines(raw.join("\n")), []);
        if (text === undefined) return;
        const quoted = /quoted-printable/.test(raw.join("\n"));
        const read = quoted ? unquoted(message.body) : message.body.replace(/\r?\n/g, "");
        assert.ok(read.includes(text), message.body);
      });

    test("a header that is longer than what a filter can be shown is refused, and not cut", async () => {
      const to = server.address("support");
      const head = ["X-Large: word", ...Array.from({ length: 1500 }, () => `\t${"word ".repeat(15)}`)];
      const data = letter(friend, to, server.unique("cut"), head, ["hello"]);
      const talk = await sendRaw(server, { from: friend, to: [to], data });
      assert.match(talk.data, /^554 5\.6\.0 .*a header of more than/);
    });

    test("a line that cannot be made to fit is refused in words", async () => {
      const signed = ["--S", "Content-Type: text/html", "", longLine, "--S", "Content-Type: application/pgp-signature"];
      const subject = server.unique("unfit");
      const head = ['Content-Type: multipart/signed; boundary="S"; protocol="application/pgp-signature"'];
      const data = letter(server.address("support"), friend, subject, head, [...signed, "", "signature", "--S--"]);
      const talk = await submitRaw(server, "support", { to: [friend], data });
      assert.match(talk.data, /^554 5\.6\.0 .*998 characters.*signed/);
    });

    describe("S/MIME", () => {
      /** A line that begins with a dot, one that looks like a mailbox's, and white space at the end. */
      const odd = [".dot", "From here to there", "caf\u00e9  ", "-- ", ""];
      const contents = { "short lines": odd, "a line of 3600 characters": [longLine, ...odd] };
      let signing: Signer;
      before(async () => {
        signing = await signer("somebody");
      });
      after(() => signing.forget());

      /** A whole message in that form, and what is signed in it. */
      const signed = async (from: string, to: string, form: "clear" | "opaque", lines: string[]) => {
        const subject = server.unique("smime");
        const content = ["Content-Type: text/plain; charset=utf-8", "", ...lines].join("\r\n");
        const head = letterHead(from, to, subject).filter((line) => !line.startsWith("MIME-Version"));
        const message = `${head.join("\n")}\n${await signing.sign(form, content)}`.replace(/\r?\n/g, "\r\n");
        return { subject, content, data: Buffer.from(message) };
      };
      const assertSigned = async (received: string, content: string) =>
        assert.equal((await signing.verified(received)).replace(/\r\n/g, "\n"), content.replace(/\r\n/g, "\n"));

      for (const form of ["clear", "opaque"] as const)
        for (const [what, lines] of Object.entries(contents)) {
          test(`${form}, with ${what}, from outside: verified as it is stored`, async () => {
            const { subject, content, data } = await signed(friend, server.address("support"), form, lines);
            const talk = await sendRaw(server, { from: friend, to: [server.address("support")], data });
            assert.match(talk.data, /^250 /);
            const stored = (await storedBytes(server, "support", subject)).toString("latin1");
            await assertSigned(stored, content);
            const body = stored.search(/\n\r?\n/);
            const damaged = stored.slice(0, body) + stored.slice(body).replace(/[\w+/]{64}\r?\n/, "");
            assert.notEqual(damaged, stored);
            await assert.rejects(signing.verified(damaged));
          });

          test(`${form}, with ${what}, from a user: verified where it arrives, or refused in words`, async () => {
            const { subject, content, data } = await signed(server.address("support"), friend, form, lines);
            const talk = await submitRaw(server, "support", { to: [friend], data });
            if (form === "clear" && lines[0] === longLine) {
              // SMTP has no way for it that leaves what is signed as it is (RFC 8551, 3.1.1).
              assert.match(talk.data, /^554 5\.6\.0 .*998 characters.*signed/);
              return;
            }
            assert.match(talk.data, /^250 /);
            const message = await server.peer.received({ subject });
            assert.equal(message.verdicts?.dkim, "pass");
            const encoded = await server.peer.system.must(["base64", "-w0", message.path]);
            await assertSigned(Buffer.from(encoded, "base64").toString("latin1"), content);
          });
        }
    });

    test("a stranger's mail brings no verdict in this host's name", async () => {
      const subject = server.unique("forged");
      const own = [
        "X-Spam: Yes",
        "X-SPAM : Yes",
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=99",
        "X-Spam-Level: *****",
        "X-Spamd-Result: default: True",
        `Authentication-Results: ${server.hostname}; dkim=pass header.d=bank.example`,
        `Authentication-Results : ${server.hostname.toUpperCase()} 1; dkim=pass header.d=bank.example`,
      ];
      const data = letter(friend, server.address("support"), subject, own, ["hello"]);
      const talk = await sendRaw(server, { from: friend, to: [server.address("support")], data });
      assert.match(talk.data, /^250 /);
      const { head } = halves(`${await storedBytes(server, "support", subject)}`);
      const left = head.split("\n").filter((line) => /^(x-spam|authentication-results)|bank\.example/i.test(line));
      assert.deepEqual(left.map((line) => line.split(/[ :]/)[0]).sort(), ["Authentication-Results", "X-Spam-Status"]);
      assert.doesNotMatch(head, /bank\.example|score=99/);
    });

    test("a stranger's own signature over long lines is right when the mail is read", async () => {
      const subject = server.unique("stranger");
      const head = ["Content-Type: text/html; charset=us-ascii"];
      const raw = letter(friend, server.address("support"), subject, head, [longLine]).toString();
      const signed = (await server.peer.sign(raw)).replace(/\r?\n/g, "\r\n");
      const talk = await sendRaw(server, { from: friend, to: [server.address("support")], data: signed });
      assert.match(talk.data, /^250 /);
      const stored = (await storedBytes(server, "support", subject)).toString("latin1");
      assert.match(stored, /^Authentication-Results: .*dkim=pass/ms);
      const input = stored.replace(/\r?\n/g, "\r\n");
      assert.match(await server.peer.system.must(["dkimverify"], { input }), /signature ok/);
    });
  });
}

/** Quoted-printable text as it was. */
function unquoted(text: string): string {
  const joined = text.replace(/=\r?\n/g, "");
  return joined.replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

/** Headers, with the line break of the last one, and what follows the empty line. */
function halves(text: string): { head: string; body: string } {
  const end = text.indexOf("\n\n") + 1;
  return { head: text.slice(0, end), body: text.slice(end + 1) };
}

/** Where the headers of a stored message is other than what was sent, for the reader of a failed test. */
function firstDifference(kept: string, sent: string): string {
  const start = kept.indexOf(sent.slice(0, 60));
  if (start < 0) return `the first header is not there in: ${kept.slice(0, 2000)}`;
  const end = [...sent].findIndex((letter, index) => kept[start + index] !== letter);
  return `${JSON.stringify(kept.slice(start + end, start + end + 60))} for ${JSON.stringify(sent.slice(end, end + 60))}`;
}
