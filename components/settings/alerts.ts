import { z } from "zod";
import { anyAddress } from "./accounts";

/** Keys about who is told when something is wrong. The URLs are secret, see {@link alertUrlKeys}. */
export const alertsShape = {
  alerts: z.boolean("must be true or false").default(true),
  alertMail: z
    .array(anyAddress, "must be a list of addresses")
    .refine((addresses) => new Set(addresses).size === addresses.length, "names an address twice")
    .meta({ examples: [["admin@ementech.co.ke", "oncall@example.org"]] })
    .default([]),
};

/** A URL to which alerts go: whoever knows it can send there, so it is secret. All are optional. */
export type AlertUrlKey = "alertWebhookUrl" | "alertSlackUrl" | "alertNtfyUrl" | "heartbeatUrl";

/** All of them, always in this order. */
export const alertUrlKeys: readonly AlertUrlKey[] = [
  "alertWebhookUrl",
  "alertSlackUrl",
  "alertNtfyUrl",
  "heartbeatUrl",
];

/** Whether the key is one of {@link alertUrlKeys}. */
export function isAlertUrlKey(key: string): key is AlertUrlKey {
  return alertUrlKeys.some((each) => each === key);
}

/** What is wrong with such a URL, without repeating it; undefined when nothing is. */
export function alertUrlProblem(text: string): string | undefined {
  if (!/^[!-~]*$/.test(text)) return "must contain printable ASCII characters only";
  return URL.canParse(text) && text.startsWith("https://") ? undefined : "must be an https:// URL";
}
