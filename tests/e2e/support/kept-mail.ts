import assert from "node:assert/strict";
import type { Server } from "./servers";

const friend = "friend@peer.example";

/** Mail that tests delivered, and that has to be there whatever happens to the disk and the host. */
export class KeptMail {
  /** Subjects, in the order in which they came. */
  readonly kept: string[] = [];

  constructor(private readonly user: string) {}

  letter(server: Server, what: string): { from: string; to: string; server: string; subject: string } {
    const to = { to: server.address(this.user), server: server.hostname };
    return { from: friend, subject: server.unique(what), ...to };
  }

  async deliver(server: Server, what: string): Promise<void> {
    const letter = this.letter(server, what);
    const sent = await server.peer.send(letter);
    assert.equal(sent.code, 250, sent.transcript);
    await server.imapFind(this.user, letter.subject);
    this.kept.push(letter.subject);
  }

  async assertAllThere(server: Server): Promise<void> {
    for (const subject of this.kept) assert.match(await server.imapFind(this.user, subject), /\d/, subject);
  }
}
