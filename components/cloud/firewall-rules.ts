import type { types } from "@pulumi/linode";

const everywhere = ["0.0.0.0/0", "::/0"];

/**
 * What the provider's firewall lets in. Labels are in the order of the specification; a rule is one label because the
 * API keeps the order of rules.
 * Port 80 answers the certificate authority (RFC 8555, section 8.3); 110 and 143 stay closed: only TLS.
 */
export function inboundRules(sshAllowedCidrs: string[]): types.input.FirewallInbound[] {
  const ipv4 = sshAllowedCidrs.filter((cidr) => !cidr.includes(":"));
  const ipv6 = sshAllowedCidrs.filter((cidr) => cidr.includes(":"));
  return [
    { ...accept("ssh", "22"), ipv4s: ipv4.length ? ipv4 : undefined, ipv6s: ipv6.length ? ipv6 : undefined },
    accept("smtp", "25"),
    accept("submission", "587"),
    accept("submissions", "465"),
    accept("imaps", "993"),
    accept("pop3s", "995"),
    accept("http", "80"),
    { label: "icmp", action: "ACCEPT", protocol: "ICMP", ipv4s: ["0.0.0.0/0"], ipv6s: ["::/0"] },
  ];
}

function accept(label: string, ports: string): types.input.FirewallInbound {
  return { label, action: "ACCEPT", protocol: "TCP", ports, ipv4s: [everywhere[0]!], ipv6s: [everywhere[1]!] };
}
