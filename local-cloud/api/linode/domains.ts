import type { App } from "../app";
import { without } from "../without";
import { type LinodeContext, now } from "./context";
import { checked, notFound, refuse } from "./errors";
import {
  createDomain,
  createRecord,
  keptRecord,
  type RecordValues,
  updateDomain,
  updateRecord,
} from "./domain-request";
import { publishDomain, recordSet } from "./domain-zone";
import { addEvent, entity } from "./events";
import { paged } from "./paging";
import { present } from "./present";
import type { Domain, DomainRecord } from "./state";

type Id = { Params: { id: string } };
type RecordId = { Params: { id: string; record: string } };

function domainView(domain: Domain) {
  return without(domain, "records");
}

/** The same name cannot have a CNAME and something else, nor a record twice. */
function requireNoConflict(domain: Domain, wanted: RecordValues, self?: number): void {
  const others = domain.records.filter((record) => record.name === wanted.name && record.id !== self);
  const same = (record: DomainRecord) =>
    (["type", "target", "priority", "weight", "port", "tag"] as const).every((key) => record[key] === wanted[key]);
  if (others.some(same)) refuse("name", "A record with this name, type and target already exists");
  if (others.some((record) => (record.type === "CNAME") !== (wanted.type === "CNAME") || wanted.type === "CNAME")) {
    refuse("name", "A CNAME record cannot share its name with another record");
  }
}

/** `/domains`: the DNS manager, answered by the cloud's own DNS. `taken`: zones of another provider. */
export function domainRoutes(app: App, context: LinodeContext, taken: string[] = []): void {
  const one = (request: { params: { id: string } }): Domain =>
    context.store.state.linode.domains.find(({ id }) => id === Number(request.params.id)) ?? notFound();
  const about = (domain: Domain) => entity("domain", { id: domain.id, label: domain.domain });

  /** Changes the records of a domain in the DNS first, so that the state never tells what nobody answers. */
  async function commit(changed: Domain, sets: { name: string; type: string }[]): Promise<void> {
    for (const { name, type } of sets) await context.zones.replace(changed.domain, recordSet(changed, name, type));
    context.store.update(({ linode }) => {
      linode.domains = linode.domains.map((domain) =>
        domain.id === changed.id ? { ...changed, updated: now() } : domain,
      );
    });
  }

  app.get("/domains", (request) => paged(request, context.store.state.linode.domains.map(domainView)));
  app.post("/domains", async (request) => {
    const body = checked(createDomain, request.body);
    const exists = context.store.state.linode.domains.some(({ domain }) => domain === body.domain);
    if (exists) refuse("domain", "DNS zone already exists.");
    if (taken.includes(body.domain)) refuse("domain", "In this cloud the zone belongs to the other DNS provider");
    const made: Domain = {
      status: "active",
      description: "",
      group: "",
      refresh_sec: 0,
      retry_sec: 0,
      expire_sec: 0,
      ttl_sec: 0,
      tags: [],
      ...present(body),
      soa_email: body.soa_email!,
      master_ips: [],
      axfr_ips: [],
      id: 0,
      created: now(),
      updated: now(),
      records: [],
    };
    await context.zones.create(body.domain);
    const domain = context.store.update(({ linode }) => {
      const stored = { ...made, id: linode.nextId++ };
      linode.domains.push(stored);
      return stored;
    });
    addEvent(context, "domain_create", about(domain));
    return domainView(domain);
  });
  app.get<Id>("/domains/:id", (request) => domainView(one(request)));
  app.put<Id>("/domains/:id", async (request) => {
    const body = present(without(checked(updateDomain, request.body), "master_ips", "axfr_ips", "domain"));
    const changed: Domain = { ...one(request), ...body };
    await commit(changed, changed.records);
    addEvent(context, "domain_update", about(changed));
    return domainView(one(request));
  });
  app.delete<Id>("/domains/:id", async (request) => {
    const domain = one(request);
    await context.zones.remove(domain.domain);
    context.store.update(({ linode }) => {
      linode.domains = linode.domains.filter(({ id }) => id !== domain.id);
    });
    addEvent(context, "domain_delete", about(domain));
    return {};
  });

  const record = (request: { params: { id: string; record: string } }): DomainRecord =>
    one(request).records.find(({ id }) => id === Number(request.params.record)) ?? notFound();
  app.get<Id>("/domains/:id/records", (request) => paged(request, one(request).records));
  app.post<Id>("/domains/:id/records", async (request) => {
    const domain = one(request);
    const body = checked(createRecord, request.body);
    const values = keptRecord(domain, { ...blank, ...present(body), type: body.type });
    requireNoConflict(domain, values);
    const id = context.store.update(({ linode }) => linode.nextId++);
    const made: DomainRecord = { ...values, id, created: now(), updated: now() };
    await commit({ ...domain, records: [...domain.records, made] }, [made]);
    addEvent(context, "domain_record_create", about(domain));
    return made;
  });
  app.get<RecordId>("/domains/:id/records/:record", (request) => record(request));
  app.put<RecordId>("/domains/:id/records/:record", async (request) => {
    const domain = one(request);
    const before = record(request);
    const body = checked(updateRecord, request.body);
    if (body.type && body.type !== before.type) refuse("type", "The type of a record cannot be changed");
    const { id, created } = before;
    const after: DomainRecord = {
      ...keptRecord(domain, { ...before, ...present(without(body, "type")) }),
      id,
      created,
      updated: now(),
    };
    requireNoConflict(domain, after, id);
    const records = domain.records.map((item) => (item.id === id ? after : item));
    await commit({ ...domain, records }, [before, after]);
    addEvent(context, "domain_record_update", about(domain));
    return after;
  });
  app.delete<RecordId>("/domains/:id/records/:record", async (request) => {
    const domain = one(request);
    const gone = record(request);
    await commit({ ...domain, records: domain.records.filter(({ id }) => id !== gone.id) }, [gone]);
    addEvent(context, "domain_record_delete", about(domain));
    return {};
  });
}

const blank = {
  name: "",
  target: "",
  priority: 0,
  weight: 0,
  port: 0,
  service: null,
  protocol: null,
  ttl_sec: 0,
  tag: null,
};

/** Writes every domain to the DNS again, after a restart. */
export async function publishDomains(context: LinodeContext): Promise<void> {
  for (const domain of context.store.state.linode.domains) await publishDomain(context, domain);
}
