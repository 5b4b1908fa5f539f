import { z } from "zod";

const selector = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be one DNS label: letters, digits and hyphens");

/** Keys of what signs the mail. */
export const dkimShape = {
  dkimSelector: selector.meta({ examples: ["ementech1"] }).default("mail1"),
  dkimOtherSelectors: z
    .array(selector, "must be a list of selectors")
    .max(4, "must be at most 4: a rotation needs one")
    .meta({ examples: [["ementech2"]] })
    .default([]),
  dkimMaxAgeDays: z
    .int("must be a whole number of days")
    .min(0, "must not be negative; 0 means no limit")
    .max(3650, "must be at most 3650 days (ten years)")
    .default(400),
};
