import assert from "node:assert/strict";
import type { ReceivedMessage } from "../../../local-cloud/peer/message";
import { strangers } from "../../../local-cloud/peer/records";
import type { Server } from "./servers";

/** The peer's mailbox at a host that has no IPv4 address. */
export const friendOnIpv6 = `friend@${strangers.onlyIpv6("peer.example")}`;

/** Mail of ceo@ through 587, as the peer received and judged it. */
export async function sentByCeo(server: Server, to: string, subject: string): Promise<ReceivedMessage> {
  const login = await server.login("ceo");
  const how = { server: server.hostname, port: 587, tls: "required" as const, ...login };
  const result = await server.peer.send({ from: server.address("ceo"), to, subject, ...how });
  assert.equal(result.code, 250, result.transcript);
  return server.peer.received({ subject });
}
