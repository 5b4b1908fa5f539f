/** `linode:index/domain:Domain`. */
import type { Domain } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { numeric } from "./instance";

const seconds = z.number().int().min(0).optional();
const domainInputs = z.strictObject({
  domain: z.string(),
  type: z.enum(["master", "slave"]),
  soaEmail: z.string().optional(),
  description: z.string().max(253).optional(),
  group: z.string().max(50).optional(),
  status: z.string().optional(),
  ttlSec: seconds,
  refreshSec: seconds,
  retrySec: seconds,
  expireSec: seconds,
  axfrIps: z.array(z.string()).optional(),
  masterIps: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
});
type DomainInputs = z.infer<typeof domainInputs>;

export const domainResource: ApiResource<LinodeApi, DomainInputs> = {
  inputs: domainInputs,
  replaceOn: ["type"],
  defaults: { ttlSec: 0, refreshSec: 0, retrySec: 0, expireSec: 0 },
  chosenByApi: ["status", "tags"],
  sets: ["tags", "axfrIps", "masterIps"],

  async create(api, inputs) {
    return present(await api.post<Domain>("/domains", { ...body(inputs), type: inputs.type }));
  },
  async read(api, id) {
    const found = await api.find<Domain>(`/domains/${numeric(id)}`);
    return found && present(found);
  },
  async update(api, id, inputs) {
    return present(await api.put<Domain>(`/domains/${numeric(id)}`, body(inputs)));
  },
  delete: (api, id) => api.remove(`/domains/${numeric(id)}`),
};

/** Absent inputs are sent as their empty value, so that removing one from the program resets it. */
function body(inputs: DomainInputs): object {
  return {
    domain: inputs.domain,
    soa_email: inputs.soaEmail,
    description: inputs.description,
    group: inputs.group,
    status: inputs.status,
    ttl_sec: inputs.ttlSec ?? 0,
    refresh_sec: inputs.refreshSec ?? 0,
    retry_sec: inputs.retrySec ?? 0,
    expire_sec: inputs.expireSec ?? 0,
    axfr_ips: inputs.axfrIps ?? [],
    master_ips: inputs.masterIps ?? [],
    tags: inputs.tags,
  };
}

function present(domain: Domain): Present<DomainInputs> {
  const inputs: DomainInputs = {
    domain: domain.domain,
    type: domain.type,
    soaEmail: domain.soa_email,
    description: domain.description,
    group: domain.group,
    status: domain.status,
    ttlSec: domain.ttl_sec,
    refreshSec: domain.refresh_sec,
    retrySec: domain.retry_sec,
    expireSec: domain.expire_sec,
    axfrIps: domain.axfr_ips,
    masterIps: domain.master_ips,
    tags: domain.tags,
  };
  return { id: String(domain.id), outputs: { ...inputs }, inputs };
}
