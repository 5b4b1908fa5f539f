import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { tags } from "./instance-request";

function portProblem(port: string): string | undefined {
  if (!/^\d+$/.test(port)) return "Ports must be an integer, range of integers, or a comma-separated list of integers.";
  if (port.startsWith("0")) return "Port must not have leading zeroes";
  return Number(port) >= 1 && Number(port) <= 65535 ? undefined : "Must be 1-65535";
}

/** What is wrong with a list of ports, in the words of the real API; undefined: nothing. */
function portsProblem(text: string): string | undefined {
  const parts = text.split(",").map((part) => part.trim());
  const ends = parts.flatMap((part) => part.split("-"));
  const wrong = ends.map(portProblem).find((problem) => problem !== undefined);
  if (wrong !== undefined) return wrong;
  for (const range of parts.filter((part) => part.includes("-")).map((part) => part.split("-").map(Number))) {
    if (range.length !== 2) return "Ranges must have 2 values";
    if (range[0]! >= range[1]!) return "Range must start with a smaller number and end with a larger number";
  }
  // A range counts twice.
  return ends.length > 15 ? "Number of ports or port range endpoints exceeded. Max allowed is 15" : undefined;
}

const ports = z.string().superRefine((text, context) => {
  const message = portsProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

function network(isAddress: (text: string) => boolean, bits: number, message: string) {
  return z.string().refine((text) => {
    const [address, prefix, ...more] = text.split("/");
    return isAddress(address!) && /^\d{1,3}$/.test(prefix ?? "") && Number(prefix) <= bits && more.length === 0;
  }, message);
}

const rule = z
  .strictObject({
    // The real API wants 3 to 32 characters, and a letter first.
    label: z
      .string()
      .regex(
        /^[A-Za-z][A-Za-z0-9_.-]{2,31}$/,
        "Label must begin with a letter, be 3-32 characters, and contain only letters, numbers, '_', '-' and '.'",
      )
      .nullish(),
    description: z.string().max(100, "Length must be 1-100 characters").nullish(),
    action: z.enum(["ACCEPT", "DROP"], "Must be one of ACCEPT, DROP"),
    protocol: z.enum(["TCP", "UDP", "ICMP", "IPENCAP"], "Must be one of TCP, UDP, ICMP, IPENCAP"),
    ports: ports.nullish(),
    addresses: z.strictObject({
      ipv4: z
        .array(network(isIPv4, 32, "Must be an IPv4 network in CIDR form, for example 192.0.2.0/24"))
        .max(255)
        .nullish(),
      ipv6: z
        .array(network(isIPv6, 128, "Must be an IPv6 network in CIDR form, for example 2001:db8::/32"))
        .max(255)
        .nullish(),
    }),
  })
  .refine((one) => !one.ports || one.protocol === "TCP" || one.protocol === "UDP", {
    path: ["ports"],
    message: "Ports are not allowed for ICMP and IPENCAP protocols.",
  })
  .refine((one) => (one.addresses.ipv4?.length ?? 0) + (one.addresses.ipv6?.length ?? 0) > 0, {
    path: ["addresses"],
    message: "At least one IPv4 or IPv6 network is required",
  });

const policy = z.enum(["ACCEPT", "DROP"], "Must be one of ACCEPT, DROP");

/** Body of `PUT /networking/firewalls/ID/rules`. */
export const rulesSchema = z
  .strictObject({
    inbound: z.array(rule).nullish(),
    inbound_policy: policy,
    outbound: z.array(rule).nullish(),
    outbound_policy: policy,
    // Sent back by clients that read before they write; the real API ignores them.
    version: z.unknown().optional(),
    fingerprint: z.unknown().optional(),
  })
  .refine(({ inbound, outbound }) => (inbound?.length ?? 0) + (outbound?.length ?? 0) <= 25, {
    path: ["inbound"],
    message: "A Firewall can have at most 25 rules",
  });

const label = z
  .string()
  .min(3, "Length must be 3-32 characters")
  .max(32, "Length must be 3-32 characters")
  .regex(
    /^(?!.*(--|__|\.\.))[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]$/,
    "Must begin with a letter, end with an alphanumeric character and contain only letters, numbers, '_', '-' and '.'",
  );

const none = z.array(z.never("The local cloud has only Linodes")).nullish();

/** Body of `POST /networking/firewalls`. */
export const createSchema = z.strictObject({
  label,
  rules: rulesSchema,
  tags: tags.nullish(),
  devices: z
    .strictObject({ linodes: z.array(z.int()).nullish(), nodebalancers: none, linode_interfaces: none })
    .nullish(),
});

/** Body of `PUT /networking/firewalls/ID`. */
export const updateSchema = z.strictObject({
  label: label.nullish(),
  tags: tags.nullish(),
  status: z.enum(["enabled", "disabled"], "Must be one of enabled, disabled").nullish(),
});

/** Body of `POST /networking/firewalls/ID/devices`. */
export const deviceSchema = z.strictObject({
  id: z.int(),
  type: z.literal("linode", "The local cloud has only Linodes"),
});

export type Rules = z.infer<typeof rulesSchema>;
export type Rule = z.infer<typeof rule>;
