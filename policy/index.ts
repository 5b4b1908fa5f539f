/** The policy pack: `pulumi preview --policy-pack policy`. */
import { PolicyPack } from "@pulumi/policy";
import { rules } from "./rules";

new PolicyPack("mailstack", {
  policies: rules.map(({ name, description, check }) => ({
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (resource, report) => check(resource).forEach((line) => report(line)),
  })),
});
