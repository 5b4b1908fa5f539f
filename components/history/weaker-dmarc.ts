import type { Settings } from "../settings/schema";
import type { Past } from "./history";

const strengths: readonly string[] = ["none", "quarantine", "reject"];

/**
 * Domains whose published DMARC policy asked more of receivers than the settings do. A policy pack cannot say this: it
 * sees what is to be made, and not what was.
 */
export function weakerDmarc(past: Past | undefined, settings: Settings): string[] {
  const domains = [settings.domain, ...settings.domains.map(({ name }) => name)];
  return domains.flatMap((domain) => {
    const record = past?.published.find(({ name, type }) => type === "TXT" && name === `_dmarc.${domain}`);
    const before = /;\s*p=(\w+)/.exec(record?.data ?? "")?.[1] ?? "";
    if (strengths.indexOf(before) <= strengths.indexOf(settings.dmarcPolicy)) return [];
    return [
      `mailstack:dmarcPolicy: ${settings.dmarcPolicy} is weaker than ${before}, which ${domain} publishes: receivers will take more mail that is forged in its name`,
    ];
  });
}
