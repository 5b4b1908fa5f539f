/** `linode:index/firewallDevice:FirewallDevice`. Import id: `FIREWALL,DEVICE`. */
import type { FirewallDevice } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { pairedId } from "./paired-id";
import { timestamp } from "./time";

const deviceInputs = z.strictObject({
  firewallId: z.number().int(),
  entityId: z.number().int(),
  entityType: z.enum(["linode", "nodebalancer"]).optional(),
});
type DeviceInputs = z.infer<typeof deviceInputs>;

export const firewallDeviceResource: ApiResource<LinodeApi, DeviceInputs> = {
  inputs: deviceInputs,
  replaceOn: ["firewallId", "entityId", "entityType"],
  defaults: { entityType: "linode" },

  async create(api, inputs) {
    const body = { id: inputs.entityId, type: inputs.entityType ?? "linode" };
    return present(inputs.firewallId, await api.post(`/networking/firewalls/${inputs.firewallId}/devices`, body));
  },

  async read(api, id, old) {
    const [firewall, device] = pairedId(id, old.outputs.firewallId);
    const found = await api.find<FirewallDevice>(`/networking/firewalls/${firewall}/devices/${device}`);
    return found && present(firewall, found);
  },

  delete: (api, id, outputs) => api.remove(`/networking/firewalls/${String(outputs.firewallId)}/devices/${id}`),
};

function present(firewallId: number, device: FirewallDevice): Present<DeviceInputs> {
  const inputs = {
    firewallId,
    entityId: device.entity.id,
    entityType: device.entity.type as DeviceInputs["entityType"],
  };
  const times = device as { created?: string; updated?: string };
  return {
    id: String(device.id),
    outputs: { ...inputs, created: timestamp(times.created), updated: timestamp(times.updated) },
    inputs,
  };
}
