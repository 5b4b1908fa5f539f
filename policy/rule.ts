import type { ResourceValidationArgs } from "@pulumi/policy";

/** A rule looks at one resource and says what is wrong with it, a sentence each. */
export interface Rule {
  name: string;
  description: string;
  check(resource: Looked): string[];
}

/** What a rule sees of a resource. */
export type Looked = Pick<ResourceValidationArgs, "type" | "name" | "urn" | "props"> & {
  opts: Pick<ResourceValidationArgs["opts"], "protect">;
};

/** Stacks named "prod" or "production", also with more words: "prod-eu". */
export function isProduction({ urn }: Pick<Looked, "urn">): boolean {
  const [, , stack = ""] = urn.split(":");
  return /^prod(uction)?([-_.]|$)/.test(stack);
}
