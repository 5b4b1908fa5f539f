import { z } from "zod";
import { isDomain } from "./address";

/** Ports where TLS begins with the first byte (RFC 8314) at one or another provider; on all others it begins with STARTTLS. */
const implicitTlsPorts = [443, 465, 2465, 8465];

const name = (text: string, otherwise: string) =>
  z.string().refine((value) => isDomain(value), { error: (issue) => `"${issue.input}" is not ${text}${otherwise}` });

/** Keys about how mail leaves: straight to its recipients' servers, or by somebody else's (a relay, or smarthost). */
export const relayShape = {
  relayHost: z
    .union([
      z.literal(""),
      name(
        'the name of a server in lower case, like "smtp.example.com"',
        " (its certificate is checked, so no IP address)",
      ),
    ])
    .meta({ examples: ["smtp.example.com"] })
    .default(""),
  relayPort: z
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(65_535, "must be at most 65535")
    .default(2525),
  relayUser: z
    .string()
    .regex(/^[^\s:\p{Cc}]{0,255}$/u, "must be a login without blanks and colons")
    .meta({ examples: ["mail@example.com"] })
    .default(""),
  relayDomains: z
    .array(name('a domain name in lower case, like "example.org"', ""), "must be a list of domains")
    .meta({ examples: [["ementech.co.ke"]] })
    .default([]),
  portProbeDomain: z
    .union([z.literal(""), name('a domain name in lower case, like "gmail.com"', "; empty turns the check off")])
    .default("gmail.com"),
};

/** Whether the relay speaks TLS from the first byte on this port. */
export function isImplicitTls(port: number): boolean {
  return implicitTlsPorts.includes(port);
}

/** Whether there is a relay, which always has a login. Takes values that nothing has checked yet. */
export function hasRelay({ relayHost }: { relayHost?: unknown }): boolean {
  return typeof relayHost === "string" && relayHost !== "";
}
