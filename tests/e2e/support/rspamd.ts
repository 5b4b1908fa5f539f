import type { Server } from "./servers";

/** How many messages Rspamd has been taught, from where it keeps that: its own `stat` is up to half a minute old. */
export async function learned(server: Server): Promise<{ spam: number; ham: number }> {
  const counters = await server.system.must(["redis-cli", "hmget", "RS", "learns_spam", "learns_ham"]);
  const [spam, ham] = counters.split("\n").map(Number);
  return { spam: spam ?? 0, ham: ham ?? 0 };
}
