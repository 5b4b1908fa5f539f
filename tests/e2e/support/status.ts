import type { Server } from "./servers";

/** What `mailstack status` says of one check: `ok` or `BAD`, and its words. */
export async function statusOf(server: Server, check: string): Promise<string> {
  const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
  const checks = JSON.parse(stdout) as { check: string; ok: boolean; detail: string }[];
  const found = checks.find((one) => one.check === check);
  return `${found?.ok ? "ok" : "BAD"} ${found?.detail}`;
}
