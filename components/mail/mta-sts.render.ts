import { createHash } from "node:crypto";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";
import type { Settings } from "../settings/schema";
import { nginxSite, nginxSiteParts, nginxSnippets } from "../web/nginx.render";

/** Settings of the policy about TLS that other servers look up (RFC 8461). */
export interface MtaStsSettings {
  mode: Settings["mtaSts"];
  /** Names of the only mail exchanger of the domains: the present one, and those that senders may still know. */
  hostnames: string[];
  /** Hosted domains; all have the same policy. */
  domains: string[];
}

const file = "/var/www/mailstack-mta-sts/mta-sts.txt";

/** Seconds for which a policy is remembered: a mistake found while testing is forgotten in a day. */
const maxAges = { testing: 86_400, enforce: 1_209_600 } as const;

/** The policy at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` of each domain. With `none` there is none. */
export function renderMtaSts({ mode, hostnames, domains }: MtaStsSettings): Bundle {
  if (mode === "none") return { service: "mta-sts", files: {}, ...nginxSiteParts };
  const names = domains.map((domain) => `mta-sts.${domain}`).join(" ");
  return {
    service: "mta-sts",
    files: {
      ...policyFile(mode, hostnames),
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

function policyFile(mode: "testing" | "enforce", hostnames: string[]) {
  return filesFrom("mta-sts", { [file]: {} }, { mode, hostnames, maxAge: maxAges[mode] });
}
