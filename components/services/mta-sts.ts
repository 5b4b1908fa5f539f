import { createHash } from "node:crypto";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { nginxSite, nginxSiteParts, nginxSnippets } from "./nginx";
import type { Stack } from "./stack";

const file = "/var/www/mailstack-mta-sts/mta-sts.txt";

/** Seconds for which a policy is remembered: a mistake found while testing is forgotten in a day. */
const maxAges = { testing: 86_400, enforce: 1_209_600 } as const;

/** The policy at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` of each domain. With `none` there is none. */
export const mtaSts = defineService({
  name: "mta-sts",
  type: "mail:MtaSts",
  after: ["nginx"],
  enabled: ({ mtaSts }) => mtaSts !== "none",
  whenOff: nginxSiteParts,
  render,
});

function render(stack: Pick<Stack, "mtaSts" | "fqdn" | "formerFqdns" | "mailDomains" | "backupMxs">): BundleBody {
  const { mtaSts: mode, fqdn, formerFqdns, mailDomains, backupMxs = [] } = stack;
  if (mode === "none") throw new Error("the service mta-sts is off");
  const names = mailDomains.map((domain) => `mta-sts.${domain}`).join(" ");
  return {
    files: {
      // The present exchanger, and those that senders may still know.
      ...policyFile(mode, [fqdn, ...formerFqdns, ...backupMxs.map(({ hostname }) => hostname)]),
      ...filesFrom(
        "mta-sts",
        { [nginxSite("mta-sts")]: {} },
        { names, file, snippets: { https: nginxSnippets.https } },
      ),
    },
    ...nginxSiteParts,
  };
}

/** TXT value of `_mta-sts.DOMAIN`. Its id is the policy's digest, so that it changes when the policy does. */
export function mtaStsRecord(mode: "testing" | "enforce", hostnames: string[]): string {
  const policy = policyFile(mode, hostnames)[file]?.content ?? "";
  return `v=STSv1; id=${createHash("sha256").update(policy).digest("hex").slice(0, 20)};`;
}

/** @param hostnames - Every name that mail for the domains may be led to; each counts once. */
function policyFile(mode: "testing" | "enforce", hostnames: string[]) {
  return filesFrom("mta-sts", { [file]: {} }, { mode, hostnames: [...new Set(hostnames)], maxAge: maxAges[mode] });
}
