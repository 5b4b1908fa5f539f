import type { types } from "@pulumi/linode";
import { publicPorts, sshPort } from "../host/open-ports";

const everywhere = ["0.0.0.0/0", "::/0"];

/**
 * What the provider's firewall lets in: the ports of {@link publicPorts}, SSH and ping. A rule is one label because the
 * API keeps the order of rules.
 */
export function inboundRules(sshAllowedCidrs: string[]): types.input.FirewallInbound[] {
  const ipv4 = sshAllowedCidrs.filter((cidr) => !cidr.includes(":"));
  const ipv6 = sshAllowedCidrs.filter((cidr) => cidr.includes(":"));
  return [
    {
      ...accept(sshPort.name, String(sshPort.port)),
      ipv4s: ipv4.length ? ipv4 : undefined,
      ipv6s: ipv6.length ? ipv6 : undefined,
    },
    ...publicPorts.map((open) => accept(open.name, String(open.port))),
    { label: "icmp", action: "ACCEPT", protocol: "ICMP", ipv4s: ["0.0.0.0/0"], ipv6s: ["::/0"] },
  ];
}

function accept(label: string, ports: string): types.input.FirewallInbound {
  return { label, action: "ACCEPT", protocol: "TCP", ports, ipv4s: [everywhere[0]!], ipv6s: [everywhere[1]!] };
}
