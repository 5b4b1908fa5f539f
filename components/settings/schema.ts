import { z } from "zod";
import { accountsShape, anyAddress } from "./accounts";
import { isDomain, isOwnAddress } from "./address";
import { alertsShape, alertUrlKeys, hasSms } from "./alerts";
import { backupShape, hasLogin } from "./backup";
import { certificateShape } from "./certificate";
import { daneShape } from "./dane";
import { dkimShape } from "./dkim";
import { filtersShape } from "./filters";
import { plans, regions } from "./linode";
import { machineShape } from "./machine";
import { networkSettings } from "./network";
import { publishedNamesShape } from "./published-names";
import { reachShape } from "./reach";
import { hasRelay, relayShape } from "./relay";
import { webShape } from "./web";
import { storageShape } from "./storage";
import { spamShape } from "./spam";

const domain = z.string().refine(isDomain, {
  error: (issue) => `"${issue.input}" is not a domain name in lower case, like "example.org"`,
});

const address = z.string().refine(isOwnAddress, {
  error: (issue) => `"${issue.input}" is not a mail address in lower case, like "ceo@example.org"`,
});

const aliasAddress = z
  .string()
  .refine((value) => (value.startsWith("@") && isDomain(value.slice(1))) || isOwnAddress(value), {
    error: (issue) => `"${issue.input}" is not a mail address in lower case, nor a catch-all like "@example.org"`,
  });

/** Below 10 MiB not even one message with an attachment fits; 1 TiB is beyond every Linode's disk. */
const quotaMb = z
  .int("must be a whole number of MiB")
  .min(10, "must be at least 10 MiB")
  .max(1_048_576, "must be at most 1048576 MiB (1 TiB)");

const zoneExample = { examples: ["0123456789abcdef0123456789abcdef"] };
const zoneId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "must be Cloudflare's zone ID, 32 hexadecimal digits, shown on the zone's overview page")
  .meta(zoneExample);

/** Numbers of Linode's objects begin at 1; 0 is none. */
const domainId = z
  .int("must be a whole number")
  .min(0, "must be the domain's number in Linode's DNS manager, shown in the address of its page")
  .meta({ examples: [1234567] });

/** Each costs receivers a lookup, and with `mx` there may be ten (RFC 7208, section 4.6.4). */
const spfIncludes = z
  .array(
    z.string().regex(/^(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/, {
      error: (issue) => `"${issue.input}" is not the name of an SPF record in lower case, like "_spf.example.org"`,
    }),
    "must be a list of names",
  )
  .max(8, "must be at most 8: receivers give up after ten lookups")
  .meta({ examples: [["_spf.newsletter.example"]] });

const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: (issue) => `"${issue.input}" is not a network like "192.0.2.0/24"`,
});

/** @param carried - What needs that much. */
export const planIn = (choice: Readonly<Record<string, unknown>>, carried: string) =>
  z.string().refine((plan) => plan in choice, {
    error: (issue) => `"${issue.input}" does not carry ${carried}; use one of ${Object.keys(choice).join(", ")}`,
  });

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: (issue) => `"${issue.input}" is unknown; use one of ${values.join(", ")}` });

/**
 * What a mail server is made from: plain, checked values. The descriptions of the keys are in Pulumi.yaml.
 * `.meta({ examples })` gives docs/admin/configuration.md an example where the stack files have none.
 */
export const settingsSchema = z.strictObject({
  domain,
  hostname: z
    .union([z.literal(""), domain], { error: 'must be empty or a domain name in lower case, like "mail.example.org"' })
    .meta({ examples: ["mx.ementech.co.ke"] })
    .default(""),
  administrator: address,
  users: z
    .array(
      z.strictObject({
        address,
        quotaMb: quotaMb.optional(),
        passwordVersion: z.int("must be a whole number").min(1, "must be 1 or more").default(1),
      }),
      "must be a list of {address, quotaMb, passwordVersion}",
    )
    .default([]),
  aliases: z
    .array(
      z.strictObject({
        address: aliasAddress,
        destinations: z.array(anyAddress).min(1, "must name at least one address"),
      }),
      "must be a list of {address, destinations}",
    )
    .default([]),
  domains: z
    .array(
      z.strictObject({
        name: domain.meta({ examples: ["example.org"] }),
        cloudflareZoneId: zoneId.optional(),
        linodeDomainId: domainId.optional(),
        spfIncludes: spfIncludes.optional(),
      }),
      "must be a list of {name, cloudflareZoneId, linodeDomainId, spfIncludes}",
    )
    .default([]),
  spfIncludes: spfIncludes.default([]),
  nullMx: z
    .array(
      z.strictObject({
        name: domain.meta({ examples: ["example.com"] }),
        cloudflareZoneId: zoneId.optional(),
        linodeDomainId: domainId.optional(),
      }),
      "must be a list of {name, cloudflareZoneId, linodeDomainId}",
    )
    .default([]),
  defaultQuotaMb: quotaMb.default(2048),
  usersFile: z
    .string()
    .meta({ examples: ["docs/admin/example-users.yaml"] })
    .default(""),
  ...accountsShape,
  ...storageShape,
  messageSizeLimitMb: z
    .int("must be a whole number of MiB")
    .min(1, "must be at least 1 MiB")
    .max(150, "must be at most 150 MiB; larger mail is refused by the rest of the world")
    .default(40),
  os: oneOf(["debian12", "debian13"]).default("debian12"),
  region: oneOf(regions).default("eu-central"),
  plan: planIn(plans, "the stack").default("g6-standard-1"),
  swapMb: z
    .int("must be a whole number of MiB")
    .min(0, "must not be negative")
    .max(16384, "must be at most 16384 MiB")
    .default(2048),
  ...dkimShape,
  dmarcPolicy: oneOf(["none", "quarantine", "reject"]).default("quarantine"),
  ...spamShape,
  ...filtersShape,
  ...backupShape,
  ...alertsShape,
  ...relayShape,
  ...reachShape,
  acmeDirectory: z
    .url({ protocol: /^https$/, error: "must be an https URL" })
    .default("https://acme-v02.api.letsencrypt.org/directory"),
  ...certificateShape,
  ...publishedNamesShape,
  sshAllowedCidrs: z
    .array(cidr)
    .min(1, "must name at least one network")
    .meta({ examples: [["192.0.2.0/24", "2001:db8::/64"]] })
    .default(["0.0.0.0/0", "::/0"]),
  trustedCidrs: z
    .array(cidr, "must be a list of networks")
    .meta({ examples: [["192.0.2.0/24"]] })
    .default([]),
  banAfterFailures: z
    .int("must be a whole number")
    .min(2, "must be at least 2: everyone mistypes once")
    .max(100, "must be at most 100")
    .default(5),
  banMinutes: z
    .int("must be a whole number of minutes")
    .min(1, "must be at least 1 minute")
    .max(10_080, "must be at most 10080 minutes (a week)")
    .default(15),
  ...networkSettings,
  ...machineShape,
  ...webShape,
  ...daneShape,
  protect: z.boolean("must be true or false").default(true),
  dnsProvider: oneOf(["cloudflare", "linode", "none"]).default("cloudflare"),
  cloudflareZoneId: zoneId.or(z.literal("")).meta(zoneExample).default(""),
  linodeDomainId: domainId.default(0),
});

/** Keys that are secret, and hence not among the plain values. The program hands them on as secret Outputs only. */
export const secretKeys = [
  "linodeToken",
  "cloudflareApiToken",
  "certificateDnsToken",
  "backupAccessKey",
  "backupSecretKey",
  ...alertUrlKeys,
  "relayPassword",
] as const;

/** One of {@link secretKeys}. */
export type SecretKey = (typeof secretKeys)[number];

/** An optional secret: it is used if it is set. */
const ofAlerts = ({ alerts }: Record<string, unknown>, isSet: boolean) => isSet && alerts !== false;

/** Whether a stack with these values needs the secret. `isSet`: whether it has it. */
export const isNeeded: Record<SecretKey, (values: Record<string, unknown>, isSet: boolean) => boolean> = {
  linodeToken: () => true,
  cloudflareApiToken: ({ dnsProvider = "cloudflare" }) => dnsProvider === "cloudflare",
  certificateDnsToken: ({ certificate }) => certificate === "dns-01",
  backupAccessKey: ({ backupRepository }) => hasLogin(backupRepository),
  backupSecretKey: ({ backupRepository }) => hasLogin(backupRepository),
  alertWebhookUrl: ofAlerts,
  alertSlackUrl: ofAlerts,
  alertNtfyUrl: ofAlerts,
  heartbeatUrl: ofAlerts,
  alertSmsToken: (values, isSet) => ofAlerts(values, isSet || hasSms(values)),
  relayPassword: hasRelay,
};

/** Checked settings with every default filled in. */
export type Settings = z.output<typeof settingsSchema>;
