import { z } from "zod";
import { anyAddress } from "./accounts";
import { isDomain } from "./address";

/** E.164 (ITU-T): a plus, the country's code and the number. */
const phone = /^\+[1-9][0-9]{6,14}$/;
const account = z.string().regex(/^AC[0-9a-f]{32}$/, "must be the account SID of Twilio: AC and 32 hexadecimal digits");
const sender = z
  .string()
  .refine(
    (text) => phone.test(text) || /^MG[0-9a-f]{32}$/.test(text),
    "must be a number like +15005550006, or MG and 32 hexadecimal digits",
  );
const numbers = z
  .array(
    z.string().regex(phone, { error: (issue) => `"${issue.input}" is not a number like "+254712345678"` }),
    "must be a list of numbers",
  )
  .refine((list) => new Set(list).size === list.length, "names a number twice")
  .meta({ examples: [["+254712345678"]] });
const smsHost = z.string().refine(isDomain, "must be a host name in lower case, like api.twilio.com");

/** Keys about who is told when something is wrong. The URLs are secret, see {@link alertUrlKeys}. */
export const alertsShape = {
  alerts: z.boolean("must be true or false").default(true),
  alertMail: z
    .array(anyAddress, "must be a list of addresses")
    .refine((addresses) => new Set(addresses).size === addresses.length, "names an address twice")
    .meta({ examples: [["admin@ementech.co.ke", "oncall@example.org"]] })
    .default([]),
  alertSmsAccount: account.or(z.literal("")).default(""),
  alertSmsFrom: sender.or(z.literal("")).default(""),
  alertSmsTo: numbers.default([]),
  alertSmsHost: smsHost.default("api.twilio.com"),
};

/** Whether some of the keys for text messages are set; then all must be. */
export function hasSms({ alertSmsAccount, alertSmsFrom, alertSmsTo }: Record<string, unknown>): boolean {
  return Boolean(alertSmsAccount) || Boolean(alertSmsFrom) || (Array.isArray(alertSmsTo) && alertSmsTo.length > 0);
}

/** A URL to which alerts go, or a token: whoever knows it can send there, so it is secret. All are optional. */
export type AlertUrlKey = "alertWebhookUrl" | "alertSlackUrl" | "alertNtfyUrl" | "heartbeatUrl" | "alertSmsToken";

/** All of them, always in this order. */
export const alertUrlKeys: readonly AlertUrlKey[] = [
  "alertWebhookUrl",
  "alertSlackUrl",
  "alertNtfyUrl",
  "heartbeatUrl",
  "alertSmsToken",
];

/** Whether the key is one of {@link alertUrlKeys}. */
export function isAlertUrlKey(key: string): key is AlertUrlKey {
  return alertUrlKeys.some((each) => each === key);
}

/** What is wrong with such a URL or token, without repeating it; undefined when nothing is. */
export function alertUrlProblem(text: string, key?: AlertUrlKey): string | undefined {
  if (key === "alertSmsToken")
    return /^[0-9a-f]{32}$/.test(text) ? undefined : "must be the account's auth token, 32 hexadecimal digits";
  if (!/^[!-~]*$/.test(text)) return "must contain printable ASCII characters only";
  return URL.canParse(text) && text.startsWith("https://") ? undefined : "must be an https:// URL";
}
