/**
 * What door.ts starts: it lives in the cloud's network and gets a listening socket of this machine. Usage:
 * door-process.ts SETTINGS (JSON, see {@link DoorSettings}).
 */
import { readFileSync } from "node:fs";
import { request as plain, createServer, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { request as secured } from "node:https";
import type { Server } from "node:net";

/** What the process is told. */
export interface DoorSettings {
  /** The page's origin inside the cloud, for example `https://webmail.example.org`. */
  origin: string;
  /** File with the authorities that it must be certified by. */
  trustFile: string;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as DoorSettings;
const origin = new URL(settings.origin);
const isSecured = origin.protocol === "https:";

const door = createServer((incoming, answer) => {
  // A page elsewhere whose name leads to this machine must not get in.
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(incoming.headers.host ?? "")) {
    answer.writeHead(421).end("This page is http://localhost only.\n");
    return;
  }
  const here = `http://${incoming.headers.host}`;
  const options: RequestOptions = {
    host: origin.hostname,
    port: origin.port || (isSecured ? 443 : 80),
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, host: origin.host },
  };
  const ca = isSecured ? { ca: readFileSync(settings.trustFile) } : {};
  const outgoing = (isSecured ? secured : plain)({ ...options, ...ca }, (response) => {
    answer.writeHead(response.statusCode ?? 502, forHere(response.headers, here));
    response.pipe(answer);
  });
  outgoing.on("error", (error) => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end(`${origin.origin} does not answer: ${error.message}\n`);
  });
  incoming.pipe(outgoing);
});

/** The browser comes without TLS, and knows another name. */
function forHere(headers: IncomingHttpHeaders, here: string): IncomingHttpHeaders {
  const kept = { ...headers };
  delete kept["strict-transport-security"];
  if (kept.location) kept.location = kept.location.replace(origin.origin, here);
  const cookies = kept["set-cookie"]?.map((cookie) => cookie.replace(/; *(secure|domain=[^;]*)/gi, ""));
  return cookies ? { ...kept, "set-cookie": cookies } : kept;
}

process.on("message", (_word, socket) => {
  door.listen(socket as Server, () => process.send?.("open"));
});
