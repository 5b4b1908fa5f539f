import assert from "node:assert/strict";
import { join } from "node:path";
import { linode } from "./linode";
import type { Wish } from "./s3-client";
import type { Server } from "./servers";

/** Where a bucket is. */
export type Place = Pick<Wish, "endpoint" | "bucket">;
/** A login for S3. */
export type Key = Pick<Wish, "accessKey" | "secretKey">;

interface MadeBucket {
  label: string;
  region: string;
  s3_endpoint: string;
  objects: number;
}

interface MadeKey {
  id: number;
  label: string;
  access_key: string;
  secret_key: string;
  limited: boolean;
  bucket_access: { bucket_name: string; region: string; permissions: string }[] | null;
}

/** The account's object storage, by the provider's API. */
export const objectStorage = {
  buckets: async (server: Server) =>
    (await linode<{ data: MadeBucket[] }>(server, "GET", "object-storage/buckets")).data,
  keys: async (server: Server) => (await linode<{ data: MadeKey[] }>(server, "GET", "object-storage/keys")).data,
  makeBucket: (server: Server, label: string, region: string) =>
    linode<MadeBucket>(server, "POST", "object-storage/buckets", JSON.stringify({ label, region })),
  makeKey: async (server: Server, label: string, bucket: string, region: string): Promise<Key & { id: number }> => {
    const access = [{ bucket_name: bucket, region, permissions: "read_write" }];
    const body = JSON.stringify({ label, bucket_access: access });
    const made = await linode<MadeKey>(server, "POST", "object-storage/keys", body);
    return { id: made.id, accessKey: made.access_key, secretKey: made.secret_key };
  },
  removeKey: (server: Server, { id }: { id: number }) => linode(server, "DELETE", `object-storage/keys/${id}`),
  /** With everything in it. */
  async removeBucket(server: Server, { label, region, s3_endpoint: endpoint }: MadeBucket): Promise<void> {
    const key = await this.makeKey(server, `remove ${label}`, label, region);
    assert.equal((await s3(server, { endpoint, bucket: label }, key, "purge")).failed, "");
    await linode(server, "DELETE", `object-storage/buckets/${region}/${label}`);
    await this.removeKey(server, key);
  },
};

/** Asks a bucket by S3, from inside the cloud. @returns the answer, or what the server refused it with. */
export async function s3(
  server: Server,
  place: Place,
  key: Key,
  work: Wish["work"],
): Promise<{ found: unknown; failed: string }> {
  const wish: Wish = { ...place, accessKey: key.accessKey, secretKey: key.secretKey, work };
  const node = [process.execPath, "--conditions=import", "--import", "tsx", join(__dirname, "s3-client.ts")];
  const trusting = ["env", `NODE_EXTRA_CA_CERTS=${server.trustFile}`, ...node];
  const { stdout, stderr, exitCode } = await server.inCloud(trusting, JSON.stringify(wish));
  return exitCode === 0 ? { found: JSON.parse(stdout), failed: "" } : { found: undefined, failed: stderr };
}
