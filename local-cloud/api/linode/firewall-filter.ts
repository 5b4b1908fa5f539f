import type { PacketFilter, PacketRule } from "../../contracts";
import { hostName, type LinodeContext } from "./context";
import type { Rule, Rules } from "./firewall-request";
import type { Firewall } from "./state";

function packetRule(rule: Rule): PacketRule {
  const made: PacketRule = {
    action: rule.action,
    protocol: rule.protocol,
    ipv4: rule.addresses.ipv4 ?? [],
    ipv6: rule.addresses.ipv6 ?? [],
  };
  if (rule.ports) made.ports = rule.ports;
  return made;
}

/** What a firewall lets through; undefined when it is disabled. */
export function packetFilter(firewall: Firewall): PacketFilter | undefined {
  if (firewall.status === "disabled") return undefined;
  // Only checked rules come into the state.
  const rules = firewall.rules as unknown as Rules;
  return {
    inbound: (rules.inbound ?? []).map(packetRule),
    inboundPolicy: rules.inbound_policy,
    outbound: (rules.outbound ?? []).map(packetRule),
    outboundPolicy: rules.outbound_policy,
  };
}

/** Makes the link of an instance obey the firewall that it is a device of now, or none. */
export async function applyFilter(context: LinodeContext, instance: number): Promise<void> {
  const { firewalls } = context.store.state.linode;
  const own = firewalls.filter((firewall) => firewall.devices.some((device) => device.linode === instance));
  const active = own.find((firewall) => firewall.status === "enabled");
  await context.hosts.filter(hostName(instance), active && packetFilter(active));
}
