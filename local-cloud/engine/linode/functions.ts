/** What a program asks without making anything: `linode:index/getDomain:getDomain`, `linode:index/getFirewall:getFirewall`. */
import type { Domain, Firewall, FirewallDevice } from "./vendor-types";
import { z } from "zod";
import type { Functions } from "../api-provider";
import type { LinodeApi } from "./api";

const byId = z.object({ id: z.number().int() });

/** The vendor's plugin answers more. */
export function linodeFunctions(api: LinodeApi): Functions {
  return {
    "linode:index/getDomain:getDomain": async (inputs) => {
      const { id, domain, type, status } = await api.get<Domain>(`/domains/${byId.parse(inputs).id}`);
      return { id, domain, type, status };
    },
    "linode:index/getFirewall:getFirewall": async (inputs) => {
      const path = `/networking/firewalls/${byId.parse(inputs).id}`;
      const [{ id, label, status }, devices] = await Promise.all([
        api.get<Firewall>(path),
        api.list<FirewallDevice>(`${path}/devices`),
      ]);
      const listed = devices.map(({ id: device, entity }) => ({
        id: device,
        entityId: entity.id,
        label: entity.label,
        type: entity.type,
        url: entity.url,
      }));
      return { id, label, status, devices: listed };
    },
  };
}
