import { z } from "zod";

const days = z
  .int("must be a whole number of days")
  .min(0, "must be 0 (mail stays) or more")
  .max(3650, "must be at most 3650 days")
  .default(0);

/** Limits of the provider's volumes, in GB. Source: Linode API, `POST /v4/volumes`. */
const volumeSizes = { min: 10, max: 16384 };
const volumeProblem = `must be 0 (no volume) or ${volumeSizes.min} to ${volumeSizes.max} GB`;

/** Keys about mail on the disk. */
export const storageShape = {
  volumeGb: z
    .int("must be a whole number of GB")
    .refine((size) => size === 0 || (size >= volumeSizes.min && size <= volumeSizes.max), volumeProblem)
    .meta({ examples: [40] })
    .default(0),
  compressMail: z.boolean("must be true or false").default(false),
  trashDays: days,
  junkDays: days,
};
