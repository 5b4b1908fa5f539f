import { z } from "zod";
import { readAddress } from "./address";

const localPart = /^[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_-]+)*$/;

/** An address of this stack or of anybody else; {@link readAddress} gives the form in which it is used. */
export const anyAddress = z.string().check(({ value, issues }) => {
  const read = readAddress(value);
  if ("problem" in read) issues.push({ code: "custom", message: read.problem, input: value });
});

/** Keys about accounts: what an address may be, and what keeps a password safe. */
export const accountsShape = {
  sharedAliases: z
    .array(
      z.strictObject({
        name: z
          .string()
          .max(64, "must have at most 64 characters")
          .regex(localPart, {
            error: (issue) => `"${issue.input}" is not the part of an address before the @, in lower case`,
          })
          .meta({ examples: ["sales"] }),
        destinations: z
          .array(anyAddress)
          .min(1, "must name at least one address")
          .meta({ examples: [["ceo@ementech.co.ke", "info@ementech.co.ke"]] }),
      }),
      "must be a list of {name, destinations}",
    )
    .meta({ examples: [[{ name: "jobs", destinations: ["ceo@ementech.co.ke", "info@ementech.co.ke"] }]] })
    .default([]),
  lockAfterFailures: z
    .int("must be a whole number")
    .min(0, "must be 0 (no lockout) or more")
    .max(100, "must be at most 100")
    .default(5),
  lockMinutes: z
    .int("must be a whole number of minutes")
    .min(1, "must be at least 1 minute")
    .max(1440, "must be at most 1440 minutes (a day)")
    .default(15),
  passwordMaxAgeDays: z
    .int("must be a whole number of days")
    .min(0, "must be 0 (passwords do not age) or more")
    .max(3650, "must be at most 3650 days")
    .default(0),
};
