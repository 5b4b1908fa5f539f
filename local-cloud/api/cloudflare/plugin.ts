import type { FastifyError, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Zones } from "../../contracts";
import type { App } from "../app";
import { readJson } from "../json-body";
import type { Store } from "../state";
import { CloudflareError, envelope } from "./errors";
import { publish } from "./publish";
import { recordRoutes } from "./records";
import { type Caller, callerOf, type CloudflareToken } from "./tokens";
import { account, zoneId, zoneView } from "./zones";

export interface CloudflareOptions {
  store: Store;
  dns: Zones;
  /** Names of the account's zones. */
  zones: string[];
  tokens: CloudflareToken[];
  log: (line: string) => void;
}

/** Makes the account's zones and writes every record to the DNS, at start. */
export async function publishCloudflare({ store, dns, zones }: CloudflareOptions): Promise<void> {
  // As with DNSSEC turned on for each, and its DS record at the registrar.
  for (const zone of zones) await dns.create(zone, { signed: true });
  const records = store.state.cloudflare.records.filter((record) => zones.includes(record.zone));
  await publish(dns, records, records);
}

const zoneQuery = z.looseObject({
  name: z.string().optional(),
  page: z.coerce.number().int().min(1).default(1),
  // Documented as 5 to 50; the real API also takes the 1 that certbot asks for.
  per_page: z.coerce.number().int().min(1).max(50).default(20),
});

/** The Cloudflare API, version 4: zones (given), their records, and tokens. */
export function cloudflareApi(app: App, options: CloudflareOptions): void {
  readJson(app);
  const failed = (code: number, message: string) => ({
    result: null,
    success: false,
    errors: [{ code, message }],
    messages: [],
  });
  app.setErrorHandler((error: FastifyError | CloudflareError, request, reply) => {
    if (error instanceof CloudflareError) return reply.code(error.status).send(failed(error.code, error.message));
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send(failed(9207, error.message));
    }
    options.log(`${request.method} ${request.url} failed: ${error.stack ?? error.message}`);
    return reply.code(500).send(failed(10013, `The local cloud failed: ${error.message}`));
  });
  // 404 would make a client believe that its resource is gone; this says that the cloud does not know the call.
  app.setNotFoundHandler((request, reply) =>
    reply.code(501).send(failed(7000, `The local cloud does not emulate ${request.method} ${request.originalUrl}`)),
  );

  const callers = new WeakMap<FastifyRequest, Caller>();
  app.addHook("onRequest", async (request) => {
    callers.set(request, callerOf(options.tokens, request.headers.authorization));
  });
  const caller = (request: FastifyRequest) => callers.get(request)!;
  const zoneOf = (request: FastifyRequest, wanted: "zone" | "read" | "edit"): string => {
    const { zone: id } = request.params as { zone: string };
    if (!/^[0-9a-f]{32}$/.test(id)) {
      throw new CloudflareError(
        404,
        7003,
        `Could not route to ${request.originalUrl}, perhaps your object identifier is invalid?`,
      );
    }
    const zone = options.zones.find((name) => zoneId(name) === id);
    // The real API does not tell a foreign zone from one that does not exist.
    if (zone === undefined) throw new CloudflareError(403, 9109, "Unauthorized to access requested resource");
    caller(request).require(zone, wanted);
    return zone;
  };

  app.get("/user/tokens/verify", (request) => ({
    ...envelope({ id: caller(request).id, status: "active" }),
    messages: [{ code: 10000, message: "This API Token is valid and active", type: null }],
  }));
  app.get("/accounts", () => {
    const result_info = { page: 1, per_page: 20, count: 1, total_count: 1, total_pages: 1 };
    return envelope([account], { result_info });
  });
  app.get("/zones", (request) => {
    const parameters = zoneQuery.safeParse(request.query);
    if (!parameters.success) throw new CloudflareError(400, 1003, "Invalid or missing zone list parameters");
    const { name, page, per_page } = parameters.data;
    const wanted = name?.toLowerCase();
    const found = options.zones.filter((zone) => caller(request).sees(zone) && (wanted ?? zone) === zone);
    const shown = found.slice((page - 1) * per_page, page * per_page);
    const total_pages = Math.ceil(found.length / per_page);
    const result_info = { page, per_page, count: shown.length, total_count: found.length, total_pages };
    return envelope(shown.map(zoneView), { result_info });
  });
  app.get("/zones/:zone", (request) => envelope(zoneView(zoneOf(request, "zone"))));
  recordRoutes(app, { store: options.store, zones: options.dns, zoneOf });
}
