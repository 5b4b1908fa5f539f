/** The peer's verdicts are the measure for everything else, so they are measured first: two peers judge each other. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { spamSender } from "../../local-cloud/peer/identity";
import { Letter } from "../../local-cloud/peer/compose";
import { ReceivedMessage, Verdicts } from "../../local-cloud/peer/message";
import { Dialogue } from "../../local-cloud/peer/swaks";
import { until } from "../e2e/support/until";
import { otherPeer, startPeers, TwoPeers } from "./peer-cloud";

let peers: TwoPeers;
const friend = `friend@${otherPeer.domain}`;
const sender = "friend@peer.example";

before(async () => {
  peers = await startPeers();
});
after(() => peers?.stop());

/** Sends straight from the first peer's address to the second peer, which must take it; the stored copy. */
async function judged(letter: Partial<Letter> & Dialogue & { subject: string }): Promise<ReceivedMessage> {
  const result = await peers.peer.send({ from: sender, to: friend, server: otherPeer.hostname, ...letter });
  assert.equal(result.code, 250, result.transcript);
  return peers.other.received({ messageId: result.messageId });
}

function assertVerdicts(message: ReceivedMessage, expected: Partial<Verdicts>): void {
  const stored = { ...message.verdicts };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(
      stored[name as keyof Verdicts],
      value,
      `${name}: ${JSON.stringify(message.headers["authentication-results"])}`,
    );
  }
}

/** A complete message, signed by the first peer. */
function signed(subject: string, body = "Hello.\r\n"): Promise<string> {
  return peers.peer.sign(
    [
      `From: ${sender}`,
      `To: ${friend}`,
      `Subject: ${subject}`,
      `Date: ${new Date().toUTCString()}`,
      `Message-ID: <${randomUUID()}@peer.example>`,
      "",
      body,
    ].join("\r\n"),
  );
}

test("mail through Exim passes everything and its TLS is verified", async () => {
  const { id, messageId } = await peers.peer.sendThroughExim({ from: sender, to: friend, subject: "aligned" });
  const report = await peers.peer.delivered(id);
  const message = await peers.other.received({ messageId });
  assertVerdicts(message, { spf: "pass", dkim: "pass", dmarc: "pass", iprev: "pass", tls: "TLS1.3" });
  assert.equal(message.session["client"], peers.peer.identity.address);
  assert.equal(message.session["helo"], peers.peer.identity.hostname);
  assert.match(message.headers["x-exim-results"]?.[0] ?? "", /spf=pass.*dkim=pass/);
  assert.deepEqual(
    report.attempts.map(({ state, certificateVerified, tls }) => [state, certificateVerified, tls?.split(":")[0]]),
    [["delivered", true, "TLS1.3"]],
  );
  assert.ok(!(await peers.peer.queue()).some((queued) => queued.id === id));
});

test("a signed message of 30 MB passes", async () => {
  const { messageId } = await peers.peer.sendThroughExim({ from: sender, to: friend, subject: "large", sizeMb: 30 });
  const message = await peers.other.received({ messageId });
  assertVerdicts(message, { dkim: "pass", dmarc: "pass" });
  assert.ok(message.body.length > 30 * 1024 * 1024);
});

test("a forged sender fails SPF and DMARC", async () => {
  const message = await judged({ from: friend, subject: "forged" });
  assertVerdicts(message, { spf: "fail", dkim: "none", dmarc: "fail", iprev: "pass" });
});

test("a pass for another domain than that in From does not pass DMARC", async () => {
  const raw = (await signed("unaligned")).replace(/^From:.*\r\n/m, `From: ceo@${otherPeer.domain}\r\n`);
  const message = await judged({ raw, subject: "unaligned" });
  assertVerdicts(message, { spf: "pass", dmarc: "fail" });
});

test("the spam sender fails SPF and is not signed", async () => {
  const message = await judged({ from: spamSender(), subject: "spam" });
  assertVerdicts(message, { spf: "fail", dkim: "none", dmarc: "fail" });
});

test("a signature stands alone for DMARC when SPF fails, and fails when the body or a header was changed", async () => {
  const forwarded = { sender: spamSender(), from: sender };
  const untouched = await judged({ ...forwarded, raw: await signed("untouched"), subject: "untouched" });
  assertVerdicts(untouched, { spf: "fail", dkim: "pass", dmarc: "pass" });

  const body = (await signed("body changed")).replace("Hello.", "Hullo.");
  const changed = await judged({ ...forwarded, raw: body, subject: "body changed" });
  assertVerdicts(changed, { dkim: "fail", dmarc: "fail" });
  assert.match(changed.headers["x-exim-results"]?.[0] ?? "", /dkim=fail/);

  const header = (await signed("header kept")).replace("header kept", "header changed");
  assertVerdicts(await judged({ ...forwarded, raw: header, subject: "header changed" }), {
    dkim: "fail",
    dmarc: "fail",
  });
});

test("a domain without DNS gets no verdict but none", async () => {
  const message = await judged({ from: "someone@nowhere.example", subject: "no DNS" });
  assertVerdicts(message, { spf: "none", dkim: "none", dmarc: "none" });
});

test("a signature counts by the key that DNS has now", async () => {
  const { domain, selector } = peers.peer.identity;
  const name = `${selector}._domainkey.${domain}`;
  const raw = async (subject: string): Promise<Partial<Letter> & { subject: string }> => ({
    raw: await signed(subject),
    subject,
  });
  const record = (contents: string[]): Promise<void> =>
    peers.zones.replace(domain, { name, type: "TXT", ttl: 300, contents });
  const right = await peers.zones.lookup(name, "TXT");
  assertVerdicts(await judged(await raw("right key")), { dkim: "pass" });
  const other = await peers.zones.lookup(`${selector}._domainkey.${otherPeer.domain}`, "TXT");
  try {
    await record(other);
    assertVerdicts(await judged(await raw("another key")), { dkim: "fail" });
    await record([]);
    const missing = await judged(await raw("no key"));
    assertVerdicts(missing, { dkim: "fail" });
    assert.match(missing.headers["authentication-results"]?.join() ?? "", /key not found/);
  } finally {
    await record(right);
  }
  assertVerdicts(await judged(await raw("right key again")), { dkim: "pass" });
});

test("verdicts that the sender brings along are thrown away", async () => {
  const results = `${otherPeer.hostname}; spf=pass smtp.mailfrom=${friend}; dkim=pass header.d=${otherPeer.domain}; dmarc=pass`;
  const headers = {
    "Authentication-Results": results,
    "Received-SPF": "pass",
    "X-Peer-Session": "client=192.0.2.1; tls=TLS9",
    "X-Peer-Connection": "host=eA==",
  };
  const message = await judged({ from: friend, subject: "brought along", headers, tls: "none" });
  assertVerdicts(message, { spf: "fail", dkim: "none", dmarc: "fail", tls: "none" });
  assert.equal(message.headers["x-peer-session"]?.length, 1);
});

test("the name of the client address must lead back to it", async () => {
  const { address, hostname } = peers.peer.identity;
  try {
    await peers.zones.pointer(address, otherPeer.hostname);
    assertVerdicts(await judged({ subject: "foreign name" }), { iprev: "fail" });
    await peers.zones.pointer(address, undefined);
    assertVerdicts(await judged({ subject: "no name" }), { iprev: "permerror" });
  } finally {
    await peers.zones.pointer(address, hostname);
  }
  assertVerdicts(await judged({ subject: "own name" }), { iprev: "pass" });
});

test("many letters at once are all judged, with one delivery attempt each", async () => {
  const raw = await signed("at once");
  const send = () => peers.peer.send({ from: sender, to: friend, server: otherPeer.hostname, subject: "at once", raw });
  const sent = await Promise.all(Array.from({ length: 20 }, send));
  assert.deepEqual([...new Set(sent.map(({ code }) => code))], [250]);
  await until("all are delivered", async () => (await peers.other.queue()).length === 0);
  assertVerdicts(await peers.other.received({ subject: "at once" }), { dkim: "pass", dmarc: "pass" });
  const log = await peers.other.system.must(["cat", "/var/log/exim4/mainlog"]);
  assert.doesNotMatch(log, /transport filter process failed/);
});

test("without a judge a message waits in the queue instead of going unjudged", async () => {
  const wanted = { messageId: "" };
  await peers.other.system.must(["systemctl", "stop", "opendkim"]);
  try {
    const result = await peers.peer.send({ from: sender, to: friend, server: otherPeer.hostname, subject: "waits" });
    assert.equal(result.code, 250, result.transcript);
    wanted.messageId = result.messageId;
    await assert.rejects(peers.other.received({ ...wanted, timeout: 3000 }), /no such message/);
    assert.equal((await peers.other.queue()).length, 1);
  } finally {
    await peers.other.system.must(["systemctl", "start", "opendkim"]);
  }
  await peers.other.flush();
  assertVerdicts(await peers.other.received(wanted), { spf: "pass", dkim: "none" });
  assert.deepEqual(await peers.other.queue(), []);
});

test("a judge that crashes again and again is there again, and what waited is delivered", async () => {
  const show = async (property: string) =>
    (await peers.other.system.must(["systemctl", "show", "--value", "-p", property, "opendkim"])).trim();
  const crash = async () => {
    const restarts = await show("NRestarts");
    await peers.other.system.must(["systemctl", "kill", "--signal=KILL", "opendkim"]);
    await until(
      "OpenDKIM is started again",
      async () => (await show("NRestarts")) !== restarts && (await show("ActiveState")) === "active",
    );
  };
  // systemd's limit is five starts within ten seconds.
  for (let times = 0; times < 7; times += 1) await crash();
  assertVerdicts(await judged({ subject: "after crashes" }), { spf: "pass" });
});

test("unknown mailboxes and relaying are refused with 550", async () => {
  const server = otherPeer.hostname;
  const unknown = await peers.peer.send({ from: sender, to: `nobody@${otherPeer.domain}`, server });
  assert.match(unknown.reply, /^550 no such mailbox/);
  const relay = await peers.peer.send({ from: sender, to: "someone@third.example", server });
  assert.match(relay.reply, /^550 relay not permitted/);
});

test("a server that does not answer gives code 0", async () => {
  const result = await peers.peer.send({ from: sender, to: friend, server: otherPeer.hostname, port: 26 });
  assert.deepEqual([result.code, result.reply], [0, ""], result.transcript);
});

test("the echo mailbox answers with its verdicts, and not to automatic mail", async () => {
  const to = `echo@${otherPeer.domain}`;
  const automatic = { "Auto-Submitted": "auto-generated" };
  const robot = await peers.peer.sendThroughExim({ from: sender, to, subject: "robot", headers: automatic });
  const { messageId } = await peers.peer.sendThroughExim({ from: sender, to, subject: "are you there" });
  const answer = await peers.peer.received({ inReplyTo: messageId });
  assertVerdicts(answer, { spf: "pass", dkim: "pass", dmarc: "pass" });
  assert.deepEqual(answer.headers["in-reply-to"], [messageId]);
  assert.match(answer.body, /dmarc=pass/);
  await assert.rejects(peers.peer.received({ inReplyTo: robot.messageId, timeout: 500 }), /no such message/);
});

test("a certificate that nobody vouches for is recorded, and setting up again brings the right one back", async () => {
  const [certificate, key] = ["/etc/peer/tls/certificate.pem", "/etc/peer/tls/key.pem"];
  const own = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=own"];
  const verified = async (subject: string): Promise<boolean | undefined> => {
    const { id } = await peers.peer.sendThroughExim({ from: sender, to: friend, subject });
    return (await peers.peer.delivered(id)).attempts[0]?.certificateVerified;
  };
  // With this record mail would wait for the right key; set-up puts it back.
  const tlsa = { name: `_25._tcp.${otherPeer.hostname}`, type: "TLSA", ttl: 300, contents: [] };
  await peers.zones.replace(otherPeer.domain, tlsa);
  await peers.other.system.must([...own, "-keyout", key, "-out", certificate]);
  await peers.other.system.must(["systemctl", "restart", "peer-exim"]);
  assert.equal(await verified("own certificate"), false);
  await peers.again();
  assert.equal(await verified("certificate of the authority"), true);
});

test("a program that is stopped for a moment, as by a system that goes down, ends like any other", async () => {
  const script = "(sleep 1; kill -CONT $$) & kill -STOP $$; echo went on; exit 3";
  const result = await peers.other.system.exec(["sh", "-c", script], { timeout: 10_000 });
  assert.deepEqual([result.exitCode, result.stdout], [3, "went on\n"]);
});

test("setting up again restarts nothing", async () => {
  const pid = ["systemctl", "show", "--property=MainPID", "peer-exim", "opendkim", "opendmarc"];
  const first = await peers.other.system.must(pid);
  await peers.again();
  assert.equal(await peers.other.system.must(pid), first);
});
