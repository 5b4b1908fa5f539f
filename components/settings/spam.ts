import { z } from "zod";

/** Keys of the spam filter and of what keeps this host from sending spam. */
export const spamShape = {
  userRecipientsPerHour: z
    .int("must be a whole number")
    .min(10, "must be at least 10: one message may have as many recipients")
    .max(100_000, "must be at most 100000")
    .default(300),
  spamAutolearn: z.boolean("must be true or false").default(false),
};
