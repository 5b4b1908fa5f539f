/** What the vendor's plugin does with a bucket by S3: versioning and lifecycle rules. */
import type { LifecycleRule, S3Client } from "@aws-sdk/client-s3";
import type { ObjectStorageBucket, ObjectStorageKey } from "./vendor-types";
import { z } from "zod";
import type { LinodeApi } from "./api";

const days = z.number().int().min(1);

export const lifecycleRule = z.strictObject({
  id: z.string().optional(),
  enabled: z.boolean(),
  prefix: z.string().optional(),
  abortIncompleteMultipartUploadDays: days.optional(),
  expiration: z.strictObject({ days: days.optional() }).optional(),
  noncurrentVersionExpiration: z.strictObject({ days }).optional(),
});
type Rule = z.infer<typeof lifecycleRule>;

export interface ObjectSettings {
  versioning?: boolean;
  lifecycleRules?: Rule[];
}

/** Of the provider: keys for S3, or leave to make some for as long as they are needed. */
export interface S3Keys {
  objAccessKey?: string;
  objSecretKey?: string;
  objUseTempKeys: boolean;
}

/** Sets what is named. */
export function writeSettings(api: LinodeApi, keys: S3Keys, bucket: ObjectStorageBucket, settings: ObjectSettings) {
  return withS3(api, keys, bucket, "read_write", async (client, sdk) => {
    const { versioning, lifecycleRules } = settings;
    const Bucket = bucket.label;
    if (versioning !== undefined) {
      const VersioningConfiguration = { Status: versioning ? ("Enabled" as const) : ("Suspended" as const) };
      await client.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    }
    if (lifecycleRules === undefined) return;
    const Rules = lifecycleRules.map(toS3);
    if (Rules.length === 0) await client.send(new sdk.DeleteBucketLifecycleCommand({ Bucket }));
    else
      await client.send(new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  });
}

/** Both, as they are. */
export function readSettings(api: LinodeApi, keys: S3Keys, bucket: ObjectStorageBucket): Promise<ObjectSettings> {
  return withS3(api, keys, bucket, "read_only", async (client, sdk) => {
    const Bucket = bucket.label;
    const { Status } = await client.send(new sdk.GetBucketVersioningCommand({ Bucket }));
    const rules = await client.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket })).then(
      ({ Rules = [] }) => Rules,
      (error: Error) => {
        if (error.name === "NoSuchLifecycleConfiguration") return [];
        throw error;
      },
    );
    return { versioning: Status === "Enabled", lifecycleRules: rules.map(fromS3) };
  });
}

async function withS3<T>(
  api: LinodeApi,
  keys: S3Keys,
  bucket: ObjectStorageBucket,
  permissions: "read_only" | "read_write",
  work: (client: S3Client, sdk: typeof import("@aws-sdk/client-s3")) => Promise<T>,
): Promise<T> {
  // Half a second to load, which most programs do not need.
  const sdk = await import("@aws-sdk/client-s3");
  const using = async (accessKeyId: string, secretAccessKey: string): Promise<T> => {
    const endpoint = `https://${bucket.s3_endpoint}`;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new sdk.S3Client({ endpoint, region: "auto", credentials });
    try {
      return await work(client, sdk);
    } finally {
      client.destroy();
    }
  };
  if (keys.objAccessKey && keys.objSecretKey) return using(keys.objAccessKey, keys.objSecretKey);
  if (!keys.objUseTempKeys) throw new Error("access_key and secret_key are required.");
  const label = `temp_${bucket.label.slice(0, 34)}_${Math.floor(Date.now() / 1000)}`;
  const access = { bucket_name: bucket.label, region: bucket.region, permissions };
  const made = await api.post<ObjectStorageKey>("/object-storage/keys", { label, bucket_access: [access] });
  try {
    return await using(made.access_key, made.secret_key);
  } finally {
    await api.remove(`/object-storage/keys/${made.id}`);
  }
}

function toS3(rule: Rule): LifecycleRule {
  const { abortIncompleteMultipartUploadDays: abort, expiration, noncurrentVersionExpiration: noncurrent } = rule;
  return {
    ID: rule.id,
    Status: rule.enabled ? "Enabled" : "Disabled",
    Prefix: rule.prefix ?? "",
    ...(abort && { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abort } }),
    ...(expiration && { Expiration: { Days: expiration.days } }),
    ...(noncurrent && { NoncurrentVersionExpiration: { NoncurrentDays: noncurrent.days } }),
  };
}

function fromS3(rule: LifecycleRule): Rule {
  const abort = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  const noncurrent = rule.NoncurrentVersionExpiration?.NoncurrentDays;
  return {
    id: rule.ID,
    enabled: rule.Status === "Enabled",
    ...(rule.Prefix && { prefix: rule.Prefix }),
    ...(abort && { abortIncompleteMultipartUploadDays: abort }),
    ...(rule.Expiration && { expiration: { days: rule.Expiration.Days } }),
    ...(noncurrent && { noncurrentVersionExpiration: { days: noncurrent } }),
  };
}
