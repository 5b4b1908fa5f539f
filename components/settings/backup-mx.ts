import { z } from "zod";
import type { RelayFor } from "../reach/exchange";
import { alertProblems } from "./alerts-rules";
import { networkProblems } from "./network-rules";
import { relayPlans } from "./linode";
import type { Problem } from "./problem";
import { planIn, settingsSchema, type Settings } from "./schema";
import { zoneProblems } from "./rules";

/** Keys that a backup MX has of its own; all else is its primary's. */
const own = {
  role: true,
  primaryStack: true,
  queueDays: true,
  hostname: true,
  os: true,
  region: true,
  swapMb: true,
  sshAllowedCidrs: true,
  trustedCidrs: true,
  banAfterFailures: true,
  banMinutes: true,
  ipv6: true,
  daneOutbound: true,
  protect: true,
  abandonHost: true,
  dnsProvider: true,
  cloudflareZoneId: true,
  linodeDomainId: true,
  acmeDirectory: true,
  logRetentionDays: true,
  sudoUsers: true,
  alerts: true,
  alertMail: true,
  alertSmsAccount: true,
  alertSmsFrom: true,
  alertSmsTo: true,
  alertSmsHost: true,
  portProbeDomain: true,
} as const;

/** What is in the configuration of a backup MX. */
export const backupMxSettingsSchema = settingsSchema.pick(own).extend({
  plan: planIn(relayPlans, "a backup MX").default("g6-nanode-1"),
  primaryStack: settingsSchema.shape.primaryStack.unwrap().refine((name) => name !== "", "is missing"),
});

/** See {@link backupMxSettingsSchema}. */
export type BackupMxSettings = z.output<typeof backupMxSettingsSchema>;

/** Keys of a backup MX, for messages. */
export const backupMxKeys = Object.keys(backupMxSettingsSchema.shape);

/** Rules that look at more than one value. */
export function backupMxProblems(settings: BackupMxSettings): Problem[] {
  const whole = settingsOf(settings, unknownPrimary);
  return [...networkProblems(whole), ...zoneProblems(whole), ...alertProblems({ ...whole, alertMail: [] })];
}

/** Until the reference is read. */
const unknownPrimary: RelayFor = {
  version: 1,
  hostname: "mail.example.org",
  administrator: "admin@example.org",
  domains: ["example.org"],
  recipients: [],
  catchAll: [],
  messageSizeLimitMb: 1,
  dane: false,
};

/** The settings of the whole host: its own, and its primary's where mail is concerned. It has no mailboxes and no sites. */
export function settingsOf(settings: BackupMxSettings, primary: RelayFor): Settings {
  const [domain = ""] = primary.domains;
  const { plan, ...others } = settings;
  const whole = settingsSchema.parse({
    ...others,
    hostname: settings.hostname || `mx2.${domain}`,
    domain,
    administrator: primary.administrator,
    messageSizeLimitMb: primary.messageSizeLimitMb,
    dane: primary.dane,
    webmail: false,
    autoconfiguration: false,
    manageSieve: false,
    mtaSts: "none",
    backupRepository: "",
  });
  return { ...whole, plan };
}
