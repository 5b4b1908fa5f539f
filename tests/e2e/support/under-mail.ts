import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Peer } from "../../../local-cloud/peer/peer";
import { until } from "./until";

/** Works while the peer sends a mail each second, by MX and through its queue: none bounces, and each is delivered. */
export async function underMail(peer: Peer, recipients: string[], work: () => Promise<void>): Promise<void> {
  const ids: string[] = [];
  let over = false;
  const stream = (async () => {
    while (!over) {
      const to = recipients[ids.length % recipients.length]!;
      const letter = { from: "friend@peer.example", to, subject: `stream ${ids.length}`, body: "hello\n" };
      ids.push((await peer.sendThroughExim(letter)).id);
      await sleep(1000);
    }
  })();
  try {
    await work();
    // What resolvers remember of before counts, too.
    const enough = ids.length + 5;
    await until("more mail was sent after it", async () => ids.length >= enough);
  } finally {
    over = true;
    await stream;
  }
  assert.ok(ids.length > 5, `${ids.length} mails`);
  for (const id of ids) {
    const report = await peer.delivered(id, 300_000);
    const states = report.attempts.map(({ state }) => state);
    assert.ok(states.includes("delivered") && !states.includes("failed"), JSON.stringify(report));
  }
}
