import { setTimeout as sleep } from "node:timers/promises";
import type { Peer } from "../../local-cloud/peer/peer";

/** Between two letters, in milliseconds. */
const pause = 1500;

/** One letter and what the server said to it. */
export interface Sent {
  subject: string;
  messageId: string;
  /** 250: it is the server's from now on. 0: there was no answer. */
  code: number;
  reply: string;
  /** When it was begun and when it was answered, in milliseconds. */
  began: number;
  ended: number;
}

/** A time in which each letter was put off. */
export interface Outage {
  letters: Sent[];
  began: number;
  ended: number;
}

const words = "alpha river stone cloud paper green seven house light music train bread glass field".split(" ");

/** Letters from the peer straight to the server, until it is stopped: whatever the server says is known at once. */
export class Stream {
  readonly sent: Sent[] = [];
  private over = false;
  private readonly work: Promise<void>;

  constructor(
    private readonly peer: Peer,
    private readonly server: string,
    private readonly recipients: string[],
  ) {
    this.work = this.run();
  }

  /** Waits until so many more were accepted. */
  async more(count: number): Promise<void> {
    const target = this.accepted.length + count;
    while (this.accepted.length < target) await sleep(100);
  }

  async stop(): Promise<void> {
    this.over = true;
    await this.work;
  }

  get accepted(): Sent[] {
    return this.sent.filter(({ code }) => code === 250);
  }

  get outages(): Outage[] {
    const found: Outage[] = [];
    let now: Sent[] = [];
    for (const letter of this.sent) {
      if (letter.code !== 250) now.push(letter);
      else now = [];
      if (now.length === 1) found.push({ letters: now, began: letter.began, ended: letter.ended });
      else if (now.length > 1) found.at(-1)!.ended = letter.ended;
    }
    return found;
  }

  private async run(): Promise<void> {
    while (!this.over) {
      const to = this.recipients[this.sent.length % this.recipients.length]!;
      const subject = `letter ${Date.now()}-${this.sent.length}`;
      const body = Array.from({ length: 40 }, () => words[Math.floor(Math.random() * words.length)]).join(" ");
      const letter = { from: "friend@peer.example", to, subject, body: `${body}\n` };
      const began = Date.now();
      const { code, reply, transcript, messageId } = await this.peer.send({
        ...letter,
        server: this.server,
        tls: "required",
      });
      const said = reply || transcript.trim().split("\n").slice(-2).join(" ");
      this.sent.push({ subject, messageId, code, reply: said, began, ended: Date.now() });
      await sleep(pause);
    }
  }
}
