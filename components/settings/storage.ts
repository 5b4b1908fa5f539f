import { z } from "zod";

const days = z
  .int("must be a whole number of days")
  .min(0, "must be 0 (mail stays) or more")
  .max(3650, "must be at most 3650 days")
  .default(0);

/** Keys about mail on the disk. */
export const storageShape = {
  compressMail: z.boolean("must be true or false").default(false),
  trashDays: days,
  junkDays: days,
};
