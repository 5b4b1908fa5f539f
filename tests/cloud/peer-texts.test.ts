/** The peer's readers and writers of text, without a cloud: what they make of real lines of swaks and Exim. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reverseName } from "../../local-cloud/cloud/reverse-name";
import { compose } from "../../local-cloud/peer/compose";
import { readMainLog, readQueue } from "../../local-cloud/peer/exim-log";
import { peerImageScript } from "../../local-cloud/peer/image";
import { parseMessage } from "../../local-cloud/peer/message";
import { peerRecords } from "../../local-cloud/peer/records";
import { dataStream, readTranscript } from "../../local-cloud/peer/swaks";

test("records: one set for each name and type, TXT strings within 255 bytes", () => {
  const key = "A".repeat(392);
  const records = peerRecords({ dkim: key, tls: "ab".repeat(32) });
  const names = records.map((record) => `${record.name} ${record.type}`);
  assert.equal(new Set(names).size, names.length);
  assert.equal(reverseName("198.51.100.10"), "10.100.51.198.in-addr.arpa");
  const ends = "8.b.d.0.1.0.0.2.ip6.arpa";
  assert.equal(reverseName("2001:db8::1:10"), `0.1.0.0.1.${"0.".repeat(19)}${ends}`);
  assert.equal(
    reverseName("2001:db8:0:0:f03c:95ff:fe00:7b"),
    `b.7.0.0.0.0.e.f.f.f.5.9.c.3.0.f.${"0.".repeat(8)}${ends}`,
  );
  const dkim = records.find((record) => record.name === "peer1._domainkey.peer.example")?.contents[0] ?? "";
  const strings = [...dkim.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  assert.equal(strings.join(""), `v=DKIM1; k=rsa; p=${key}`);
  assert.deepEqual(
    strings.map((text) => text.length <= 255),
    [true, true],
  );
});

test("transcript: the first refusal counts, in clear text and in TLS, otherwise the answer to the message", () => {
  const accepted = [
    "=== Connected to mx.",
    "<-  220 mx ESMTP",
    " -> EHLO peer",
    "<-  250-mx",
    "<-  250 HELP",
    " ~> .",
    "<~  250 OK id=1",
    " ~> QUIT",
    "<~  221 bye",
  ];
  assert.deepEqual(pick(accepted), [250, "250 OK id=1"]);
  assert.deepEqual(pick([...accepted.slice(0, 5), "<~* 550 5.1.1 no such user", "<~  221 bye"]), [
    550,
    "550 5.1.1 no such user",
  ]);
  assert.deepEqual(pick(["<** 554 go away", "<-  221 bye"]), [554, "554 go away"]);
  assert.deepEqual(pick(["<~* 550-first line", "<~* 550 last line"]), [550, "550 last line"]);
  assert.deepEqual(pick(["*** Error connecting to 198.51.100.9:25:", "*** Connection refused"]), [0, ""]);
});

function pick(lines: string[]): [number, string] {
  const { code, reply } = readTranscript(lines.join("\n"));
  return [code, reply];
}

test("a connection that breaks before the message is answered is no success", () => {
  const lines = [
    "<-  220 mx ESMTP",
    " -> DATA",
    "<-  354 go on",
    " -> .",
    "*** Remote host closed connection unexpectedly.",
  ];
  assert.deepEqual(pick(lines), [0, ""]);
});

test("wire form: leading dots are doubled and the end is one dot", () => {
  assert.equal(dataStream("a\r\n.b\r\n..\r\n"), "a\r\n..b\r\n...\r\n.");
  assert.equal(dataStream("a"), "a\r\n.");
});

test("letter: CRLF everywhere, headers replaced, size reached", () => {
  const text = compose({ from: "a@x", to: ["b@x", "c@x"], body: "1\n2\n", headers: { Subject: "S" } }, "h");
  assert.match(text, /^From: a@x\r\nTo: b@x, c@x\r\nSubject: S\r\n/);
  assert.ok(!/[^\r]\n/.test(text));
  const size = compose({ from: "a@x", to: "b@x", sizeMb: 2 }, "h").length;
  assert.ok(size >= 2 * 1024 * 1024 && size < 2.2 * 1024 * 1024, String(size));
});

test("Exim's log: delivered with TLS, deferred, failed, completed", () => {
  const id = "1xVdjn-00003m-1R";
  const log = [
    `2026-11-23 23:46:19 ${id} <= a@peer.example H=localhost [127.0.0.1] P=esmtp S=942 for b@x.example`,
    `2026-11-23 23:46:20 ${id} == b@x.example R=remote T=remote_smtp defer (-44) H=mx.x.example [192.0.2.1]: 451 greylisted`,
    `2026-11-23 23:46:20 1xVdjn-00003m-2S => z@x.example R=remote T=remote_smtp H=mx [192.0.2.1]`,
    `2026-11-23 23:47:20 ${id} => b@x.example R=remote T=remote_smtp H=mx.x.example [192.0.2.1] X=TLS1.3:ECDHE:256 CV=no C="250 ok" DT=0s`,
    `2026-11-23 23:47:21 ${id} ** c@x.example R=remote T=remote_smtp H=mx.x.example [192.0.2.1]: 550 no such user`,
  ].join("\n");
  const report = readMainLog(log, id);
  assert.equal(report.completed, false);
  assert.deepEqual(
    report.attempts.map(({ state, recipient, host, tls, certificateVerified }) => [
      state,
      recipient,
      host,
      tls,
      certificateVerified,
    ]),
    [
      ["deferred", "b@x.example", "mx.x.example [192.0.2.1]", undefined, undefined],
      ["delivered", "b@x.example", "mx.x.example [192.0.2.1]", "TLS1.3:ECDHE:256", false],
      ["failed", "c@x.example", "mx.x.example [192.0.2.1]", undefined, undefined],
    ],
  );
  assert.equal(readMainLog(`${log}\n2026-11-23 23:47:21 ${id} Completed QT=1m2s`, id).completed, true);
});

test("Exim's queue: waiting and frozen messages, delivered recipients left out", () => {
  const text = [
    " 2m   468 1xVdoK-0000S6-1H <a@peer.example>",
    "          b@x.example",
    "        D c@x.example",
    "",
    "25h  1.7K 1xVdgS-00005b-1F <> *** frozen ***",
    "          d@x.example",
    "",
  ].join("\n");
  assert.deepEqual(readQueue(text), [
    { id: "1xVdoK-0000S6-1H", sender: "a@peer.example", recipients: ["b@x.example"], frozen: false },
    { id: "1xVdgS-00005b-1F", sender: "", recipients: ["d@x.example"], frozen: true },
  ]);
  assert.deepEqual(readQueue(""), []);
});

test("a stored message: comments, folds and foreign verdicts do not count, a missing verdict is an error", () => {
  const results = [
    "Authentication-Results: mx; dmarc=fail (p=reject; spf=pass) header.from=x",
    "Authentication-Results: mx;",
    "\tdkim=fail (bad) header.d=a; dkim=pass header.d=b;",
    "\tdkim-atps=neutral",
    "Authentication-Results: elsewhere; spf=pass",
    "Authentication-Results: mx; spf=softfail smtp.mailfrom=a@x",
    "Authentication-Results: mx; iprev=pass policy.iprev=192.0.2.1",
    "X-Peer-Session: id=1; client=192.0.2.1; tls=TLS1.2",
    "",
    "body",
  ];
  const message = parseMessage(results.join("\n"), "/m", "mx");
  assert.deepEqual(message.verdicts, { spf: "softfail", dkim: "pass", dmarc: "fail", iprev: "pass", tls: "TLS1.2" });
  assert.equal(message.body, "body");
  const without = results.filter((line) => !line.includes("softfail")).join("\n");
  assert.throws(() => parseMessage(without, "/m", "mx"), /no spf verdict/);
  assert.equal(parseMessage("Subject: local\n\nx", "/m", "mx").verdicts, undefined);
});

test("image script: the same text each time, with every file", () => {
  const script = peerImageScript();
  assert.equal(script, peerImageScript());
  for (const path of ["/etc/exim4/exim4.conf", "/usr/local/lib/peer/judge.py"]) {
    assert.ok(script.includes(`> ${path} &&`), path);
  }
  assert.match(script, /chmod 0755 \/usr\/local\/lib\/peer\/configure\.py/);
});
