import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** Pulumi reaches the host by its IPv4 address, whatever mail does. */
export function networkProblems({ sshAllowedCidrs }: Settings): Problem[] {
  if (sshAllowedCidrs.some((cidr) => !cidr.includes(":"))) return [];
  return [{ key: "sshAllowedCidrs", message: "must also name an IPv4 network: Pulumi connects over IPv4" }];
}
