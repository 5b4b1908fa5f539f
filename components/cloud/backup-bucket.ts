import { ObjectStorageBucket } from "@pulumi/linode/objectStorageBucket";
import { ObjectStorageKey } from "@pulumi/linode/objectStorageKey";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of a {@link BackupBucket}. */
export interface BackupBucketArgs {
  /** Unique among all buckets of the region, of all customers. */
  label: string;
  /** Not the host's. */
  region: string;
  /** Days for which the account's owner can still get at deleted or overwritten objects. */
  historyDays: number;
  /** Refuse to remove it from the stack. */
  protect: boolean;
}

/**
 * A bucket for backups, and a key that can access nothing else. Nothing deletes the bucket: removed from the stack, it
 * stays in the account. Its provider needs `objUseTempKeys`: versioning is set through S3's API, and no key for that is kept.
 */
export class BackupBucket extends pulumi.ComponentResource {
  /** Address for restic. */
  readonly repository: pulumi.Output<string>;
  readonly accessKey: pulumi.Output<string>;
  /** Secret. */
  readonly secretKey: pulumi.Output<string>;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:cloud:BackupBucket", name, {}, opts);
    const { label, region } = args;
    const bucket = new ObjectStorageBucket(
      name,
      {
        label,
        region,
        acl: "private",
        versioning: true,
        lifecycleRules: [
          {
            id: "history",
            enabled: true,
            noncurrentVersionExpiration: { days: args.historyDays },
            abortIncompleteMultipartUploadDays: 7,
          },
        ],
      },
      { parent: this, protect: args.protect, retainOnDelete: true },
    );
    const key = new ObjectStorageKey(
      `${name}-key`,
      { label, regions: [region], bucketAccesses: [{ bucketName: bucket.label, region, permissions: "read_write" }] },
      // The provider's schema does not say so of the secret part's twin.
      { parent: this, additionalSecretOutputs: ["secretKey"] },
    );
    this.repository = bucket.s3Endpoint.apply((host) => `s3:https://${host.replace(/^https?:\/\//, "")}/${label}`);
    this.accessKey = key.accessKey;
    this.secretKey = pulumi.secret(key.secretKey);
    this.registerOutputs({ repository: this.repository });
  }
}
