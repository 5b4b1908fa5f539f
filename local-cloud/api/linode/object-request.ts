import { z } from "zod";
import { objectRegions } from "./object-endpoints";

/** As S3 has it; without dots, since the certificates of the endpoints are for one label more. */
const bucketLabel = z
  .string()
  .regex(/^(?!xn--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "Must be 3-63 lower-case letters, digits or hyphens");

const region = z.string().refine((id) => objectRegions.includes(id), "region is not valid for Object Storage");

const acl = z.literal("private", "The local cloud keeps every bucket private");

/** Body of `POST /object-storage/buckets`. */
export const createBucketSchema = z
  .strictObject({
    label: bucketLabel,
    region: z.string().nullish(),
    cluster: z.string().nullish(),
    s3_endpoint: z.string().nullish(),
    endpoint_type: z.enum(["E0", "E1", "E2", "E3"]).nullish(),
    acl: acl.nullish(),
    cors_enabled: z.boolean().nullish(),
  })
  .refine((body) => Boolean(body.region) !== Boolean(body.cluster), {
    path: ["region"],
    message: "Must provide either a region or a cluster",
  });

/** Body of `PUT` and `POST /object-storage/buckets/REGION/LABEL/access`. */
export const accessSchema = z.strictObject({ acl: acl.nullish(), cors_enabled: z.boolean().nullish() });

const keyLabel = z.string().min(1, "Length must be 1-50 characters").max(50, "Length must be 1-50 characters");
const regions = z.array(region).nullish();

/** Body of `POST /object-storage/keys`. */
export const createKeySchema = z.strictObject({
  label: keyLabel,
  regions,
  bucket_access: z
    .array(
      z.strictObject({
        bucket_name: z.string(),
        region: z.string().nullish(),
        cluster: z.string().nullish(),
        permissions: z.enum(["read_only", "read_write"]),
      }),
    )
    .nullish(),
});

/** Body of `PUT /object-storage/keys/ID`. */
export const updateKeySchema = z.strictObject({ label: keyLabel.nullish(), regions });

export type CreateBucketRequest = z.infer<typeof createBucketSchema>;
export type CreateKeyRequest = z.infer<typeof createKeySchema>;
