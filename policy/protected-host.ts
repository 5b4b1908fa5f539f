import { isProduction, type Rule } from "./rule";

/** All mail of a stack is on one of these. */
const holders = ["linode:index/instance:Instance", "linode:index/volume:Volume"];

export const protectedHost: Rule = {
  name: "protected-host",
  description: "Production's host and volume are protected: no `up` deletes or replaces them.",
  check: (resource) =>
    holders.includes(resource.type) && isProduction(resource) && !resource.opts.protect
      ? [`${resource.name} is not protected; set mailstack:protect to true`]
      : [],
};
