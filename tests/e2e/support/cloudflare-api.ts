import { zoneId } from "../../../local-cloud/api";
import type { Server } from "./servers";

/** One call of the emulated Cloudflare API about a zone's records. */
export async function zoneRecords<T>(
  server: Server,
  token: string,
  zone: string,
  call: { method?: string; path?: string; body?: object } = {},
): Promise<{ status: number; result: T; errors: { code: number; message: string }[] }> {
  const url = `https://api.cloudflare.com/client/v4/zones/${zoneId(zone)}/dns_records${call.path ?? ""}`;
  const body = call.body ? ["--json", JSON.stringify(call.body)] : [];
  const how = ["-X", call.method ?? "GET", "--write-out", "\n%{http_code}", "--config", "-"];
  // The token goes through standard input: process arguments are for everyone to read.
  const header = `header = "Authorization: Bearer ${token}"\n`;
  const answer = await server.inCloud(
    ["curl", "--silent", "--show-error", "--cacert", server.trustFile, ...how, ...body, url],
    header,
  );
  const [, text, status] = /^([^]*)\n(\d+)$/.exec(answer.stdout) ?? [];
  if (text === undefined) throw new Error(`${url}: ${answer.stderr}`);
  return { ...(JSON.parse(text) as { result: T; errors: [] }), status: Number(status) };
}
