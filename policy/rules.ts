import { dmarcEnforced } from "./dmarc-enforced";
import { hostKey } from "./host-key";
import { protectedHost } from "./protected-host";
import type { Rule } from "./rule";

/** A rule is a file of its own and a line here. */
export const rules: Rule[] = [protectedHost, dmarcEnforced, hostKey];
