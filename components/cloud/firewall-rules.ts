import type { types } from "@pulumi/linode";
import { sshPort, type OpenPort } from "../deployment/define-service";

const everywhere = ["0.0.0.0/0", "::/0"];

/**
 * What the provider's firewall lets in: the ports of the services, SSH and ping. A rule is one label because the
 * API keeps the order of rules.
 * @param ipv6 - Without it nothing is let in over IPv6.
 */
export function inboundRules(
  sshAllowedCidrs: string[],
  ipv6: boolean,
  openPorts: readonly OpenPort[],
): types.input.FirewallInbound[] {
  const accept = (label: string, networks: string[], port?: number): types.input.FirewallInbound => {
    const ipv4s = networks.filter((cidr) => !cidr.includes(":"));
    const ipv6s = networks.filter((cidr) => ipv6 && cidr.includes(":"));
    return {
      label,
      action: "ACCEPT",
      ...(port ? { protocol: "TCP", ports: String(port) } : { protocol: "ICMP" }),
      ipv4s: ipv4s.length ? ipv4s : undefined,
      ipv6s: ipv6s.length ? ipv6s : undefined,
    };
  };
  return [
    accept(sshPort.name, sshAllowedCidrs, sshPort.port),
    ...openPorts.map((open) => accept(open.name, everywhere, open.port)),
    accept("icmp", everywhere),
  ];
}
