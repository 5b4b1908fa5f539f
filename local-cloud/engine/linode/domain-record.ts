/** `linode:index/domainRecord:DomainRecord`. Import id: `DOMAIN,RECORD`. */
import type { Domain, DomainRecord } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { pairedId } from "./paired-id";

const recordInputs = z.strictObject({
  domainId: z.number().int(),
  recordType: z.enum(["A", "AAAA", "NS", "MX", "CNAME", "TXT", "SRV", "PTR", "CAA"]),
  target: z.string(),
  name: z.string().max(100).optional(),
  ttlSec: z.number().int().min(0).optional(),
  priority: z.number().int().min(0).max(255).optional(),
  weight: z.number().int().optional(),
  port: z.number().int().optional(),
  service: z.string().optional(),
  protocol: z.string().optional(),
  tag: z.string().optional(),
});
type RecordInputs = z.infer<typeof recordInputs>;

export const domainRecordResource: ApiResource<LinodeApi, RecordInputs> = {
  inputs: recordInputs,
  replaceOn: ["domainId", "recordType"],
  defaults: { ttlSec: 0, priority: 0, weight: 0, port: 0 },
  chosenByApi: ["name"],

  async create(api, inputs) {
    const record = await api.post<DomainRecord>(`/domains/${inputs.domainId}/records`, body(inputs));
    return present(api, inputs.domainId, record, inputs.name);
  },
  async read(api, id, old) {
    const [domain, own] = pairedId(id, old.outputs.domainId);
    const found = await api.find<DomainRecord>(`/domains/${domain}/records/${own}`);
    return found && present(api, domain, found, old.inputs.name);
  },
  async update(api, id, inputs) {
    const record = await api.put<DomainRecord>(`/domains/${inputs.domainId}/records/${id}`, body(inputs));
    return present(api, inputs.domainId, record, inputs.name);
  },
  delete: (api, id, outputs) => api.remove(`/domains/${String(outputs.domainId)}/records/${id}`),
};

function body(inputs: RecordInputs): object {
  return {
    type: inputs.recordType,
    name: inputs.name,
    target: inputs.target,
    ttl_sec: inputs.ttlSec ?? 0,
    priority: inputs.priority,
    weight: inputs.weight,
    port: inputs.port,
    service: inputs.service || null,
    protocol: inputs.protocol || null,
    tag: inputs.tag || null,
  };
}

async function present(
  api: LinodeApi,
  domainId: number,
  record: DomainRecord,
  written: string | undefined,
): Promise<Present<RecordInputs>> {
  const inputs: RecordInputs = {
    domainId,
    recordType: record.type as RecordInputs["recordType"],
    target: record.target,
    name: await nameAsWritten(api, domainId, record.name, written),
    ttlSec: record.ttl_sec,
    priority: record.priority,
    weight: record.weight,
    port: record.port,
    service: record.service ?? undefined,
    protocol: record.protocol ?? undefined,
    tag: record.tag ?? undefined,
  };
  return { id: String(record.id), outputs: { ...inputs }, inputs };
}

/** The API cuts the domain off a full name; the program's spelling stays. */
async function nameAsWritten(api: LinodeApi, domainId: number, told: string, written?: string): Promise<string> {
  if (!written || written === told) return told;
  const { domain } = await api.get<Domain>(`/domains/${domainId}`);
  const short = written.endsWith(domain) ? written.slice(0, -domain.length).replace(/\.$/, "") : written;
  return short === told ? written : told;
}
