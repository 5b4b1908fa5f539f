import { z } from "zod";
import { regions } from "./catalog";
import { tags } from "./instance-request";

/** GB; the limits of the real API. */
const sizes = { min: 10, max: 16384 };

const size = z
  .int("Must be of type Integer")
  .min(sizes.min, `Must be ${sizes.min}-${sizes.max}`)
  .max(sizes.max, `Must be ${sizes.min}-${sizes.max}`);

/** Part of a path on the host, so narrower than an instance's: no dots. */
const label = z
  .string()
  .min(1, "Length must be 1-32 characters")
  .max(32, "Length must be 1-32 characters")
  .regex(
    /^(?!.*(--|__))[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$/,
    "Must only use ASCII letters, numbers, underscores, and dashes, and not two of them in a row",
  );

/** Body of `POST /volumes`. */
export const createSchema = z
  .strictObject({
    label,
    size: size.nullish(),
    region: z
      .string()
      .refine((id) => regions.some((region) => region.id === id), "region is not valid")
      .nullish(),
    linode_id: z.int().nullish(),
    config_id: z.int().nullish(),
    tags: tags.nullish(),
    encryption: z.enum(["enabled", "disabled"]).nullish(),
  })
  .refine((body) => Boolean(body.region) || Boolean(body.linode_id), {
    path: ["region"],
    message: "Must provide a region or a Linode ID",
  });

/** Body of `PUT /volumes/ID`. */
export const updateSchema = z.strictObject({ label: label.nullish(), tags: tags.nullish() });

/** Body of `POST /volumes/ID/attach`. */
export const attachSchema = z.strictObject({
  linode_id: z.int(),
  config_id: z.int().nullish(),
  persist_across_boots: z.literal(true, "The local cloud keeps every volume attached").nullish(),
});

/** Body of `POST /volumes/ID/resize`. */
export const resizeSchema = z.strictObject({ size });

export type CreateRequest = z.infer<typeof createSchema>;
