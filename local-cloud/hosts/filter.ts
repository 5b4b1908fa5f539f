import type { PacketFilter, PacketRule } from "../contracts";

/**
 * nftables text that enforces a cloud firewall on a host's link, outside of the host, as the provider does. Stateful:
 * answers to what was let through pass.
 * @param link - Outer end of the host's link, in the cloud's namespace.
 */
export function filterText(table: string, link: string, filter: PacketFilter | undefined): string {
  const clear = `table inet ${table}\ndelete table inet ${table}\n`;
  if (!filter) return clear;
  const toHost = chain(`oifname "${link}"`, filter.inbound, filter.inboundPolicy, "saddr");
  const fromHost = chain(`iifname "${link}"`, filter.outbound, filter.outboundPolicy, "daddr");
  const hook = (name: string, point: string, lines: string[]) =>
    [`chain ${name} {`, `type filter hook ${point} priority 0; policy accept;`, ...lines, "}"].join("\n");
  return [
    clear,
    `table inet ${table} {`,
    hook("forwarded", "forward", [...toHost, ...fromHost]),
    // What the cloud itself says to the host, and the host to the cloud: the runner and the services live there.
    hook("said", "output", toHost),
    hook("heard", "input", fromHost),
    "}",
    "",
  ].join("\n");
}

/**
 * nftables text for a host that is off: nothing answers there, while a system that only has no listener would refuse.
 * @param silent - False takes it away again.
 */
export function silenceText(table: string, link: string, silent: boolean): string {
  const clear = `table inet ${table}\ndelete table inet ${table}\n`;
  if (!silent) return clear;
  const hook = (name: string, point: string) =>
    `chain ${name} { type filter hook ${point} priority -1; policy accept; oifname "${link}" drop; }\n`;
  return `${clear}table inet ${table} {\n${hook("forwarded", "forward")}${hook("said", "output")}}\n`;
}

function chain(match: string, rules: PacketRule[], policy: "ACCEPT" | "DROP", side: "saddr" | "daddr"): string[] {
  return [
    `${match} ct state established,related accept`,
    // Without its neighbours a host has no IPv6 at all; the provider lets these through whatever the rules say.
    `${match} icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept`,
    ...rules.flatMap((rule) => ruleText(match, rule, side)),
    `${match} ${policy === "ACCEPT" ? "accept" : "drop"}`,
  ];
}

function ruleText(match: string, rule: PacketRule, side: "saddr" | "daddr"): string[] {
  const verdict = rule.action === "ACCEPT" ? "accept" : "drop";
  const line = (family: "ip" | "ip6", networks: string[]) =>
    networks.length === 0
      ? []
      : [`${match} ${family} ${side} { ${simplified(networks)} } ${protocolText(rule, family)} ${verdict}`];
  return [...line("ip", rule.ipv4), ...line("ip6", rule.ipv6)];
}

/** nftables refuses a set in which one network holds another. */
function simplified(networks: string[]): string {
  const all = networks.find((network) => network === "0.0.0.0/0" || network === "::/0");
  return all ?? [...new Set(networks)].join(", ");
}

function protocolText(rule: PacketRule, family: "ip" | "ip6"): string {
  if (rule.protocol === "ICMP") return family === "ip" ? "meta l4proto icmp" : "meta l4proto ipv6-icmp";
  if (rule.protocol === "IPENCAP") return "meta l4proto 4";
  const protocol = rule.protocol.toLowerCase();
  const ports = rule.ports?.replace(/\s/g, "");
  return ports ? `${protocol} dport { ${ports.split(",").join(", ")} }` : `meta l4proto ${protocol}`;
}
