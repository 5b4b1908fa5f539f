import { setTimeout as sleep } from "node:timers/promises";
import { Peer } from "../peer/peer";
import { System } from "../peer/system";
import type { LocalServer } from "./bring-up";

/** One thing that was tried, as the summary shows it. */
export interface CheckResult {
  what: string;
  ok: boolean;
  detail: string;
}

const friend = "friend@peer.example";

/** Sends one mail in and one mail out, and reports what the peer's own judges say. */
export async function checkMail(cloud: string, server: LocalServer): Promise<CheckResult[]> {
  const peer = new Peer(cloud);
  const system = new System(server.namespace);
  const user = `ceo@${server.domain}`;
  const password = (await system.must(["mailstack", "user", "initial-password", user])).trim();
  return [...(await inbound(peer, system, user)), ...(await outbound(peer, server, user, password))];
}

async function inbound(peer: Peer, system: System, user: string): Promise<CheckResult[]> {
  const subject = `Hello from the peer ${Date.now()}`;
  const { id } = await peer.sendThroughExim({
    from: friend,
    to: user,
    subject,
    body: "A mail from the rest of the world.\n",
  });
  const report = await peer.delivered(id);
  const attempt = report.attempts.at(-1);
  const [local, domain] = user.split("@");
  const arrived = await arrives(system, `/var/vmail/${domain}/${local}/Maildir`, subject);
  return [
    { what: "inbound mail", ok: arrived, detail: `${friend} -> ${user}, in the Maildir` },
    {
      what: "inbound TLS",
      ok: attempt?.tls?.startsWith("TLS1.") ?? false,
      detail: `${attempt?.tls ?? "none"}, certificate ${attempt?.certificateVerified ? "verified" : "not verified"} by the peer`,
    },
  ];
}

/**
 * Whether a mail comes into the folder within 30 s: the peer is done when it is queued, and delivery follows in its own
 * time.
 */
export async function arrives(system: System, folder: string, subject: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await system.exec(["grep", "-rlF", subject, folder])).exitCode === 0) return true;
    await sleep(100);
  }
  return false;
}

async function outbound(peer: Peer, server: LocalServer, user: string, password: string): Promise<CheckResult[]> {
  const subject = `Hello from ${server.domain} ${Date.now()}`;
  const submission = { server: server.hostname, port: 465, tls: "wrapped" as const, user, password };
  const sent = await peer.send({
    from: user,
    to: friend,
    subject,
    body: "A mail to the rest of the world.\n",
    ...submission,
  });
  if (sent.code !== 250)
    return [{ what: "outbound mail", ok: false, detail: sent.reply || sent.transcript.slice(-300) }];
  const { verdicts } = await peer.received({ messageId: sent.messageId });
  const verdict = (what: string, word: string | undefined) => ({
    what,
    ok: word === "pass",
    detail: `${word} says the peer`,
  });
  return [
    { what: "outbound mail", ok: true, detail: `${user} -> ${friend}, accepted` },
    verdict("SPF", verdicts?.spf),
    verdict("DKIM", verdicts?.dkim),
    verdict("DMARC", verdicts?.dmarc),
    verdict("PTR", verdicts?.iprev),
    { what: "outbound TLS", ok: verdicts?.tls.startsWith("TLS1.") ?? false, detail: verdicts?.tls ?? "none" },
  ];
}
