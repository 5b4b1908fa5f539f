import { z } from "zod";

/** What a stack's host is. */
export const roles = ["primary", "backup-mx"] as const;

/** One of {@link roles}. */
export type Role = (typeof roles)[number];

/** As `pulumi stack` shows it; a file or bucket backend has one organization, named `organization`. */
const stackName = z
  .string()
  .regex(/^(([A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+\/)?[A-Za-z0-9_.-]{1,100})?$/, {
    error: (issue) =>
      `"${String(issue.input)}" is not the name of a stack, like "backup-mx" or "organization/mailstack/backup-mx"`,
  })
  .default("");

/** Keys about the second mail exchanger of a mail server, which is a stack of its own. */
export const reachShape = {
  role: z
    .enum(roles, { error: (issue) => `"${String(issue.input)}" is unknown; use one of ${roles.join(", ")}` })
    .default("primary"),
  primaryStack: stackName.meta({ examples: [""] }),
  backupStack: stackName.meta({ examples: ["backup-mx"] }),
  queueDays: z
    .int("must be a whole number of days")
    .min(1, "must be at least 1 day")
    .max(30, "must be at most 30 days")
    .default(5),
};
