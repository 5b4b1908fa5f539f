/** `linode:index/firewall:Firewall`. */
import type { Firewall, FirewallDevice, FirewallRules, FirewallRuleType } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { numeric } from "./instance";
import { timestamp } from "./time";

const policy = z.enum(["ACCEPT", "DROP"]);
/** The plugin itself, not the API, checks the length. */
const label = z.string().min(3).max(32);
const cidrs = z.array(z.string()).min(1);
const rule = z.strictObject({
  label,
  action: policy,
  protocol: z.enum(["TCP", "UDP", "ICMP", "IPENCAP"]),
  description: z.string().optional(),
  ports: z.string().min(1).optional(),
  ipv4s: cidrs.optional(),
  ipv6s: cidrs.optional(),
});
const firewallInputs = z.strictObject({
  label,
  inboundPolicy: policy,
  outboundPolicy: policy,
  inbounds: z.array(rule).optional(),
  outbounds: z.array(rule).optional(),
  disabled: z.boolean().optional(),
  linodes: z.array(z.number().int()).optional(),
  nodebalancers: z.array(z.number().int()).optional(),
  tags: z.array(z.string()).optional(),
});

type Rule = z.infer<typeof rule>;
export type FirewallInputs = z.infer<typeof firewallInputs>;

export const firewallResource: ApiResource<LinodeApi, FirewallInputs> = {
  inputs: firewallInputs,
  replaceOn: [],
  defaults: { disabled: false },
  chosenByApi: ["linodes", "nodebalancers"],
  sets: ["tags", "linodes", "nodebalancers"],

  async create(api, inputs) {
    const { linodes = [], nodebalancers = [] } = inputs;
    const firewall = await api.post<Firewall>("/networking/firewalls", {
      label: inputs.label,
      tags: inputs.tags ?? [],
      rules: rulesBody(inputs),
      devices: { linodes, nodebalancers },
    });
    if (inputs.disabled) await api.put(`/networking/firewalls/${firewall.id}`, { status: "disabled" });
    return present(api, firewall.id, inputs);
  },

  async read(api, id, old) {
    const found = await api.find<Firewall>(`/networking/firewalls/${numeric(id)}`);
    return found && present(api, found.id, old.inputs, found);
  },

  async update(api, id, inputs, old) {
    const path = `/networking/firewalls/${numeric(id)}`;
    const status = inputs.disabled ? "disabled" : "enabled";
    await api.put(path, { label: inputs.label, tags: inputs.tags ?? [], status });
    await api.put(`${path}/rules`, rulesBody(inputs));
    for (const [type, wanted] of [
      ["linode", inputs.linodes],
      ["nodebalancer", inputs.nodebalancers],
    ] as const) {
      if (wanted) await assign(api, `${path}/devices`, type, wanted);
    }
    return present(api, numeric(id), { ...old.inputs, ...inputs });
  },

  delete: (api, id) => api.remove(`/networking/firewalls/${numeric(id)}`),
};

/** Takes away and adds what differs, in this order: an entity has one firewall of a kind. */
async function assign(api: LinodeApi, path: string, type: string, wanted: number[]): Promise<void> {
  const devices = (await api.list<FirewallDevice>(path)).filter((device) => device.entity.type === type);
  for (const device of devices) {
    if (!wanted.includes(device.entity.id)) await api.remove(`${path}/${device.id}`);
  }
  for (const id of wanted) {
    if (!devices.some((device) => device.entity.id === id)) await api.post(path, { id, type });
  }
}

function rulesBody(inputs: FirewallInputs): object {
  return {
    inbound: (inputs.inbounds ?? []).map(ruleBody),
    inbound_policy: inputs.inboundPolicy,
    outbound: (inputs.outbounds ?? []).map(ruleBody),
    outbound_policy: inputs.outboundPolicy,
  };
}

function ruleBody(rule: Rule): object {
  return {
    action: rule.action,
    label: rule.label,
    description: rule.description,
    protocol: rule.protocol,
    ports: rule.ports,
    addresses: { ipv4: rule.ipv4s, ipv6: rule.ipv6s },
  };
}

async function present(
  api: LinodeApi,
  id: number,
  inputs: Partial<FirewallInputs>,
  known?: Firewall,
): Promise<Present<FirewallInputs>> {
  const path = `/networking/firewalls/${id}`;
  const [firewall, rules, devices] = await Promise.all([
    known ?? api.get<Firewall>(path),
    api.get<FirewallRules>(`${path}/rules`),
    api.list<FirewallDevice>(`${path}/devices`),
  ]);
  const entities = (type: string): number[] =>
    devices.filter((device) => device.entity.type === type).map((device) => device.entity.id);
  const readable = {
    label: firewall.label,
    tags: firewall.tags ?? [],
    disabled: firewall.status === "disabled",
    inboundPolicy: rules.inbound_policy,
    outboundPolicy: rules.outbound_policy,
    inbounds: rules.inbound?.map(ruleToday) ?? [],
    outbounds: rules.outbound?.map(ruleToday) ?? [],
    linodes: entities("linode"),
    nodebalancers: entities("nodebalancer"),
  };
  const outputs = {
    ...inputs,
    ...readable,
    created: timestamp(firewall.created),
    updated: timestamp(firewall.updated),
    status: firewall.status,
    devices: devices.map(({ id, entity }) => ({
      id,
      entityId: entity.id,
      label: entity.label,
      type: entity.type,
      url: entity.url,
    })),
  };
  return { id: String(id), outputs, inputs: readable as Partial<FirewallInputs> };
}

function ruleToday(rule: FirewallRuleType): Record<string, unknown> {
  return {
    action: rule.action,
    label: rule.label ?? "",
    protocol: rule.protocol,
    description: rule.description ?? "",
    ...(rule.ports ? { ports: rule.ports } : {}),
    ...(rule.addresses?.ipv4?.length ? { ipv4s: rule.addresses.ipv4 } : {}),
    ...(rule.addresses?.ipv6?.length ? { ipv6s: rule.addresses.ipv6 } : {}),
  };
}
