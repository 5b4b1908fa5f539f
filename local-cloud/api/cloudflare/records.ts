import { randomBytes } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Zones } from "../../contracts";
import type { App } from "../app";
import type { Store } from "../state";
import { without } from "../without";
import { CloudflareError, envelope } from "./errors";
import { publish } from "./publish";
import { recordRequest } from "./record-request";
import { proxiable, recordValues, requireNoConflict } from "./record-rules";
import { listed } from "./record-list";
import type { CloudflareRecord } from "./state";

/** Time in the API's form, with microseconds. */
function now(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

/** A record as the API shows it. */
export function recordView(record: CloudflareRecord) {
  return { ...without(record, "zone"), proxiable: proxiable(record.type), meta: {} };
}

export interface RecordContext {
  store: Store;
  zones: Zones;
  /** The zone of a request, after the caller's permission was checked. @throws CloudflareError */
  zoneOf: (request: FastifyRequest, wanted: "read" | "edit") => string;
}

/** `/zones/ZONE/dns_records`. */
export function recordRoutes(app: App, { store, zones, zoneOf }: RecordContext): void {
  type Id = { Params: { zone: string; id: string } };
  const base = "/zones/:zone/dns_records";

  const find = (zone: string, id: string): CloudflareRecord => {
    const found = store.state.cloudflare.records.find((record) => record.zone === zone && record.id === id);
    if (found === undefined) throw new CloudflareError(404, 81044, "Record does not exist.");
    return found;
  };

  /** The DNS first: the state must never tell what nobody answers. */
  async function commit(records: CloudflareRecord[], touched: CloudflareRecord[]): Promise<void> {
    await publish(zones, records, touched);
    store.update(({ cloudflare }) => {
      cloudflare.records = records;
    });
  }

  async function overwrite(zone: string, before: CloudflareRecord, body: unknown): Promise<CloudflareRecord> {
    const values = recordValues(zone, recordRequest(body));
    requireNoConflict(store.state.cloudflare.records, values, before.id);
    const after: CloudflareRecord = { ...values, id: before.id, created_on: before.created_on, modified_on: now() };
    if (after.comment !== null) {
      after.comment_modified_on =
        after.comment === before.comment ? (before.comment_modified_on ?? now()) : after.modified_on;
    }
    const records = store.state.cloudflare.records.map((record) => (record.id === before.id ? after : record));
    await commit(records, [before, after]);
    return after;
  }

  app.get(base, (request) => {
    const zone = zoneOf(request, "read");
    const { page, info } = listed(
      store.state.cloudflare.records.filter((record) => record.zone === zone),
      request.query,
    );
    return envelope(page.map(recordView), { result_info: info });
  });
  app.post(base, async (request) => {
    const zone = zoneOf(request, "edit");
    const values = recordValues(zone, recordRequest(request.body));
    requireNoConflict(store.state.cloudflare.records, values);
    const time = now();
    const made: CloudflareRecord = {
      ...values,
      id: randomBytes(16).toString("hex"),
      created_on: time,
      modified_on: time,
    };
    if (made.comment !== null) made.comment_modified_on = time;
    await commit([...store.state.cloudflare.records, made], [made]);
    return envelope(recordView(made));
  });
  app.get<Id>(`${base}/:id`, (request) => envelope(recordView(find(zoneOf(request, "read"), request.params.id))));
  app.put<Id>(`${base}/:id`, async (request) => {
    const zone = zoneOf(request, "edit");
    return envelope(recordView(await overwrite(zone, find(zone, request.params.id), request.body)));
  });
  app.patch<Id>(`${base}/:id`, async (request) => {
    const zone = zoneOf(request, "edit");
    const before = find(zone, request.params.id);
    const { name, type, content, data, priority, ttl, proxied, comment, tags, settings } = before;
    const structured = data === undefined ? { content } : { data };
    const fields = { name, type, ...structured, priority, ttl, proxied, comment, tags, settings };
    const merged = Object.fromEntries(
      Object.entries({ ...fields, ...(request.body as object) }).filter(([, value]) => value !== undefined),
    );
    return envelope(recordView(await overwrite(zone, before, merged)));
  });
  app.delete<Id>(`${base}/:id`, async (request) => {
    const zone = zoneOf(request, "edit");
    const { id, ...gone } = find(zone, request.params.id);
    await commit(
      store.state.cloudflare.records.filter((record) => record.id !== id),
      [{ id, ...gone }],
    );
    return envelope({ id });
  });
}
