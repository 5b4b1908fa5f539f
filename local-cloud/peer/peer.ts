import { open, readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { compose, Letter } from "./compose";
import { DeliveryReport, QueuedMessage, readMainLog, readQueue } from "./exim-log";
import { defaultPeer, PeerIdentity } from "./identity";
import { parseHeaders, parseMessage, ReceivedMessage } from "./message";
import { Dialogue, DialogueResult, dataStream, readTranscript, swaksArguments, swaksEnvironment } from "./swaks";
import { ExecOptions, ExecResult, System } from "./system";

/** What to look for in a mailbox; all that is given must match. */
export interface Wanted {
  /** Mailbox of the peer: `friend@peer.example` or `friend`. Default `friend`. */
  to?: string;
  /** A part of the subject. */
  subject?: string;
  /** With or without `<>`. */
  messageId?: string;
  /** The Message-ID that it answers. */
  inReplyTo?: string;
  /** A part of the From header. */
  from?: string;
  /** Milliseconds to wait; default 120 000, which a busy machine may need. */
  timeout?: number;
}

/** A running peer: sends, receives and judges mail. Made by `setUpPeer`, or directly for a peer that runs already. */
export class Peer {
  readonly system: System;

  /** @param cloud name of the cloud, which names the network namespaces. */
  constructor(
    cloud: string,
    readonly identity: PeerIdentity = defaultPeer,
  ) {
    this.system = new System(`ms-${cloud}-${identity.host}`);
  }

  /** Runs a program inside the peer, as root. */
  exec(argv: string[], options?: ExecOptions): Promise<ExecResult> {
    return this.system.exec(argv, options);
  }

  /** One SMTP dialogue from the peer's address straight to a server: unsigned, not queued, the codes are the server's. */
  async send(letter: Letter & Dialogue): Promise<DialogueResult & { messageId: string }> {
    const sender = letter.sender ?? letter.from;
    const argv = swaksArguments(sender, [letter.to].flat(), this.identity.hostname, letter);
    const raw = compose(letter, this.identity.hostname);
    const options = { input: dataStream(raw), timeout: 300_000, environment: swaksEnvironment(letter) };
    const result = await this.system.exec(argv, options);
    return {
      ...readTranscript(result.stdout + result.stderr),
      messageId: parseHeaders(raw)["message-id"]?.[0] ?? "",
    };
  }

  /** Gives a letter to the peer's own Exim: signed, delivered by MX lookup, with TLS. The id in the queue and the log. */
  async sendThroughExim(letter: Letter): Promise<{ id: string; messageId: string }> {
    const result = await this.send({ ...letter, server: "127.0.0.1", tls: "none" });
    const id = /id=(\S+)/.exec(result.reply)?.[1];
    if (result.code !== 250 || id === undefined) throw new Error(`Exim took no message: ${result.transcript}`);
    return { id, messageId: result.messageId };
  }

  /** Signs a complete message for the peer's domain, without sending it. For messages that are changed afterwards. */
  async sign(raw: string): Promise<string> {
    const { domain, selector } = this.identity;
    const input = raw.replace(/\r?\n/g, "\r\n");
    return this.system.must(["dkimsign", selector, domain, "/etc/peer/dkim.key"], { input });
  }

  /** What Exim's log says about a message so far. */
  async delivery(id: string): Promise<DeliveryReport> {
    return readMainLog(await readFile(await this.system.path("/var/log/exim4/mainlog"), "utf8"), id);
  }

  /** Waits until Exim has nothing left to do for a message; rejects after `timeout` milliseconds with its log lines. */
  async delivered(id: string, timeout = 60_000): Promise<DeliveryReport> {
    const end = Date.now() + timeout;
    for (;;) {
      const report = await this.delivery(id);
      if (report.completed) return report;
      if (Date.now() > end) {
        const lines = report.attempts.map((attempt) => attempt.line).join("\n");
        throw new Error(`the peer's Exim still has ${id} after ${timeout / 1000} s:\n${lines}`);
      }
      await sleep(200);
    }
  }

  /** Messages that Exim still holds. */
  async queue(): Promise<QueuedMessage[]> {
    return readQueue(await this.system.must(["exim4", "-bp"]));
  }

  /** Tries every queued message at once, whatever its retry time; resolves when each was tried. */
  async flush(): Promise<void> {
    await this.system.must(["exim4", "-qff"]);
  }

  /** Waits for a message in a mailbox; rejects after the timeout, naming what did arrive. */
  async received(wanted: Wanted): Promise<ReceivedMessage> {
    const timeout = wanted.timeout ?? 120_000;
    const end = Date.now() + timeout;
    const others = new Map<string, string>();
    for (;;) {
      const paths = await this.messages(wanted.to);
      for (const path of paths) {
        if (others.has(path)) continue;
        const headers = parseHeaders(await readHead(await this.system.path(path)));
        if (matches(headers, wanted)) return this.read(path);
        others.set(path, headers["subject"]?.[0] ?? "(no subject)");
      }
      if (Date.now() > end) {
        const subjects = paths.map((path) => others.get(path)!);
        throw new Error(
          `no such message in ${timeout / 1000} s: ${JSON.stringify(wanted)}\n${await this.found(subjects)}`,
        );
      }
      await sleep(200);
    }
  }

  /** What is there instead of a message: the newest subjects of the mailbox, and what Exim holds back for which reason. */
  private async found(subjects: string[]): Promise<string> {
    const held = await this.queue();
    const log = await readFile(await this.system.path("/var/log/exim4/mainlog"), "utf8");
    const refused = log.split("\n").filter((line) => / (==|\*\*) /.test(line));
    return [
      `the newest of ${subjects.length} in the mailbox: ${subjects.slice(0, 10).join(", ") || "none"}`,
      `Exim holds ${held.length}; what it could not deliver last:`,
      ...refused.slice(-3),
    ].join("\n");
  }

  /** Paths, inside the peer, of all messages of a mailbox, newest first. */
  async messages(mailbox = "friend"): Promise<string[]> {
    const inside = `/var/mail/peer/${mailbox.split("@")[0]}/new`;
    const files = await readdir(await this.system.path(inside)).catch((error: NodeJS.ErrnoException) => {
      // Exim makes the mailbox with its first message.
      if (error.code === "ENOENT") return [];
      throw error;
    });
    return files
      .sort()
      .reverse()
      .map((file) => `${inside}/${file}`);
  }

  /** A stored message; throws when one of the judges left no verdict. */
  async read(path: string): Promise<ReceivedMessage> {
    return parseMessage(await readFile(await this.system.path(path), "latin1"), path, this.identity.hostname);
  }
}

/** Enough of a file for any message's headers. */
async function readHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function matches(headers: Record<string, string[]>, wanted: Wanted): boolean {
  const has = (name: string, part: string | undefined): boolean =>
    part === undefined || (headers[name] ?? []).some((value) => value.includes(part));
  return (
    has("subject", wanted.subject) &&
    has("message-id", wanted.messageId) &&
    has("in-reply-to", wanted.inReplyTo) &&
    has("from", wanted.from)
  );
}
