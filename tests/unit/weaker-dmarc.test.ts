import type { Past } from "../../components/history/history";
import { pastOf } from "../../components/history/past";
import { weakerDmarc } from "../../components/history/weaker-dmarc";
import { parseSettings } from "../../components/settings/parse";
import { zoneId } from "./support/stacks";

const settings = (dmarcPolicy: string) =>
  parseSettings({
    domain: "example.org",
    administrator: "admin@example.org",
    users: [{ address: "admin@example.org" }],
    domains: [{ name: "example.com", cloudflareZoneId: zoneId }],
    cloudflareZoneId: zoneId,
    dmarcPolicy,
  });
const zone = (domain: string, policy: string) => `_dmarc.${domain}. 300 IN TXT "v=DMARC1; p=${policy}; aspf=s"\n`;
const past = (policy: string, other: string): Past | undefined =>
  pastOf({
    hostname: "mail.example.org",
    zones: { "example.org": zone("example.org", policy), "example.com": zone("example.com", other) },
  });
const line = (now: string, before: string, domain: string) =>
  `mailstack:dmarcPolicy: ${now} is weaker than ${before}, which ${domain} publishes: receivers will take more mail that is forged in its name`;

test.each([
  ["none", "reject", "reject"],
  ["none", "quarantine", "quarantine"],
  ["quarantine", "reject", "reject"],
])("%s after %s is told for each domain", (now, before) => {
  expect(weakerDmarc(past(before, before), settings(now))).toEqual([
    line(now, before, "example.org"),
    line(now, before, "example.com"),
  ]);
});

test("only the domain that loses something is named", () => {
  expect(weakerDmarc(past("reject", "quarantine"), settings("quarantine"))).toEqual([
    line("quarantine", "reject", "example.org"),
  ]);
});

test.each(["none", "quarantine", "reject"])("%s as before, and a first up, say nothing", (policy) => {
  expect(weakerDmarc(past(policy, policy), settings(policy))).toEqual([]);
  expect(weakerDmarc(past("none", "none"), settings(policy))).toEqual([]);
  expect(weakerDmarc(undefined, settings(policy))).toEqual([]);
});
