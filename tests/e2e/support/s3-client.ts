/**
 * An S3 client inside the cloud; see bucket.ts. Standard input: JSON, {@link Wish}. Prints what was found as JSON, or ends
 * with 1 and the name of the server's error.
 */
import { text } from "node:stream/consumers";
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";

/** What is done, with what. */
export interface Wish {
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  work: "list" | "versioning" | "versions" | "purge";
}

async function main(): Promise<unknown> {
  const { endpoint, bucket, accessKey, secretKey, work } = JSON.parse(await text(process.stdin)) as Wish;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const client = new S3Client({ endpoint: `https://${endpoint}`, region: "auto", credentials, maxAttempts: 1 });
  const Bucket = bucket;
  if (work === "list") return (await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount;
  if (work === "versioning") return (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  if (work === "purge")
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  return { deleted: DeleteMarkers.length, older: Versions.filter(({ IsLatest }) => !IsLatest).length };
}

main().then(
  (found) => process.stdout.write(JSON.stringify(found ?? null)),
  (error: Error) => {
    process.stderr.write(`${error.name}: ${error.message}\n`);
    process.exitCode = 1;
  },
);
