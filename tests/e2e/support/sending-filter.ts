import assert from "node:assert/strict";
import { manageSieve } from "./managesieve";
import { forget } from "./rspamd";
import type { Server } from "./servers";
import { until } from "./until";

/** So many recipients an hour a user has, where tests set it. */
export const limit = 10;
/** Of those the filter may use. */
export const share = 8;

/** A user whose filter sends on what strangers write, and what becomes of that. */
export class SendingFilter {
  constructor(
    private readonly server: Server,
    readonly user: string,
  ) {}

  /** Sends each letter on to so many addresses. */
  async redirects(many: number, copy = ""): Promise<void> {
    const target = (each: number) => `redirect ${copy} "friend+${each}@peer.example";\n`;
    const script = `require ["copy"];\n${Array.from({ length: many }, (_, each) => target(each)).join("")}`;
    const { answers } = await manageSieve(this.server, this.user, [
      ["PUTSCRIPT", '"forward"', script],
      ["SETACTIVE", '"forward"'],
    ]);
    for (const answer of answers) assert.match(answer, /^OK/);
  }

  async remove(): Promise<void> {
    await manageSieve(this.server, this.user, [['SETACTIVE ""'], ["DELETESCRIPT", '"forward"']]);
  }

  async fromOutside(from: string, subject: string, to = [this.server.address(this.user)]): Promise<void> {
    const sent = await this.server.peer.send({ from, to, subject, server: this.server.hostname });
    assert.equal(sent.code, 250, sent.transcript);
  }

  /** How much of it the peer has. */
  async sentOn(subject: string): Promise<number> {
    const find = ["grep", "-rlF", `Subject: ${subject}`, "/var/mail/peer"];
    return (await this.server.peer.exec(find)).stdout.trim().split("\n").filter(Boolean).length;
  }

  /** Messages in each part of Postfix's queue. */
  async queued(): Promise<{ maildrop: number; deferred: number; all: number }> {
    const lines = (await this.server.system.must(["postqueue", "-j"])).split("\n").filter(Boolean);
    const names = lines.map((line) => (JSON.parse(line) as { queue_name: string }).queue_name);
    const many = (name: string) => names.filter((each) => each === name).length;
    return { maildrop: many("maildrop"), deferred: many("deferred"), all: names.length };
  }

  async untilNothingWaits(): Promise<void> {
    await until("the queue is empty", async () => (await this.queued()).all === 0);
  }

  /** As if hours went by: what waits is tried each time that its user may send again. */
  async hoursLater(what: string, over: () => Promise<boolean>): Promise<void> {
    const look = async () => {
      await forget(this.server, "RL*");
      // It would wait for pickup, which takes a second for each message where many were put off (in_flow_delay).
      await this.server.system.exec(["timeout", "1", "postkick", "public", "pickup", "W"]);
      return over();
    };
    await until(what, look, 300);
  }
}
