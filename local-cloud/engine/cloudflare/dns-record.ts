/** `cloudflare:index/dnsRecord:DnsRecord`. Import id: `ZONE/RECORD`. */
import { z } from "zod";
import type { ApiResource, Present, Properties } from "../api-resource";
import type { CloudflareApi, DnsRecord } from "./api";

const number = z.number().optional();
const string = z.string().optional();

/** The parts of structured records (SRV, CAA, TLSA, ...). LOC's are left out. */
const data = z.strictObject({
  algorithm: number,
  certificate: string,
  digest: string,
  digestType: number,
  fingerprint: string,
  flags: z.union([z.number(), z.string()]).optional(),
  keyTag: number,
  matchingType: number,
  order: number,
  port: number,
  preference: number,
  priority: number,
  protocol: number,
  publicKey: string,
  regex: string,
  replacement: string,
  selector: number,
  service: string,
  tag: string,
  target: string,
  type: number,
  usage: number,
  value: string,
  weight: number,
});
const settings = z.strictObject({
  flattenCname: z.boolean().optional(),
  ipv4Only: z.boolean().optional(),
  ipv6Only: z.boolean().optional(),
});
const recordInputs = z.strictObject({
  zoneId: z.string(),
  name: z.string(),
  type: z.string(),
  /** Seconds; 1: automatic. */
  ttl: z.number(),
  content: string,
  data: data.optional(),
  priority: z.number().min(0).max(65535).optional(),
  proxied: z.boolean().optional(),
  comment: string,
  tags: z.array(z.string()).optional(),
  settings: settings.optional(),
  privateRouting: z.boolean().optional(),
});
type RecordInputs = z.infer<typeof recordInputs>;

export const dnsRecordResource: ApiResource<CloudflareApi, RecordInputs> = {
  inputs: recordInputs,
  replaceOn: ["zoneId", "type"],
  defaults: { proxied: false },
  chosenByApi: ["settings", "tags"],
  sets: ["tags"],

  async create(api, inputs) {
    return present(inputs.zoneId, await api.createRecord(inputs.zoneId, body(inputs)), inputs);
  },
  async read(api, id, old) {
    const [zone, record] = zoneAndRecord(id, old.outputs.zoneId);
    const found = await api.findRecord(zone, record);
    return found && present(zone, found, old.inputs);
  },
  async update(api, id, inputs) {
    return present(inputs.zoneId, await api.updateRecord(inputs.zoneId, id, body(inputs)), inputs);
  },
  delete: (api, id, outputs) => api.removeRecord(String(outputs.zoneId), id),
};

function zoneAndRecord(id: string, zone: unknown): [zone: string, record: string] {
  const parts = id.split("/");
  if (parts.length === 2 && parts[0] && parts[1]) return [parts[0], parts[1]];
  if (parts.length === 1 && typeof zone === "string") return [zone, id];
  throw new Error(`"${id}" is not an import id: ZONE/RECORD is expected`);
}

/** `proxied` is always sent, as the vendor's plugin does. */
function body({ zoneId: _zone, ...inputs }: RecordInputs): object {
  return renamed({ proxied: false, ...inputs }, (name) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
}

function present(zoneId: string, record: DnsRecord, inputs: Partial<RecordInputs>): Present<RecordInputs> {
  const { id, ...told } = camel(record) as Properties & { id: string };
  const readable = {
    zoneId,
    name: told.name,
    type: told.type,
    ttl: told.ttl,
    content: told.content,
    data: told.data,
    priority: told.priority,
    proxied: told.proxied ?? false,
    comment: told.comment ?? undefined,
    tags: told.tags ?? [],
    settings: told.settings ?? {},
    privateRouting: told.privateRouting,
  };
  const outputs = {
    ...inputs,
    ...readable,
    proxiable: told.proxiable ?? false,
    createdOn: seconds(told.createdOn),
    modifiedOn: seconds(told.modifiedOn),
    commentModifiedOn: seconds(told.commentModifiedOn),
    tagsModifiedOn: seconds(told.tagsModifiedOn),
    meta: JSON.stringify(record.meta ?? {}),
  };
  return { id, outputs, inputs: asInputs(readable as Partial<RecordInputs>) };
}

/** The vendor's plugin shows whole seconds, and cannot read a state in which a time is an empty text. */
const seconds = (time: unknown): string | undefined =>
  typeof time === "string" ? time.replace(/\.\d+Z$/, "Z") : undefined;

/** Of `content` and `data` an input may hold one. */
function asInputs(readable: Partial<RecordInputs>): Partial<RecordInputs> {
  return readable.data ? { ...readable, content: undefined } : readable;
}

const camel = (value: Properties): unknown =>
  renamed(value, (name) => name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()));

/** The same value with other property names, at every depth. */
function renamed(value: unknown, rename: (name: string) => string): object {
  if (Array.isArray(value)) return value.map((item) => renamedIfObject(item, rename));
  const entries = Object.entries(value as Properties).map(([key, item]) => [
    rename(key),
    renamedIfObject(item, rename),
  ]);
  return Object.fromEntries(entries) as object;
}

function renamedIfObject(value: unknown, rename: (name: string) => string): unknown {
  return typeof value === "object" && value !== null ? renamed(value, rename) : value;
}
