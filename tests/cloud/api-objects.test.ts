import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api/index";
import type { APIError, ObjectStorageBucket, ObjectStorageKey } from "../../local-cloud/engine/linode/vendor-types";
import { linode } from "./api/linode-client";
import { TestCloud } from "./api/test-cloud";

// The vendor's own client against the emulated API, by its real address. tests/e2e/backup-bucket.test.ts has the real S3
// server behind it.

const cloud = new TestCloud();
const bucket = { label: "backups-of-mail", region: "nl-ams" };
const accessOf = (label: string) => ({ bucket_name: label, region: "nl-ams", permissions: "read_write" });

before(async () => {
  await cloud.start();
  linode.setToken(defaultTokens.linode);
  linode.baseRequest.interceptors.request.use((config) => ({ ...config, httpsAgent: cloud.agent, proxy: false }));
});
after(() => cloud.end());

/** The reasons of a refused call, `status field: reason`. */
async function refusal(method: string, path: string, body?: object): Promise<string> {
  const answer = await cloud.linode(method, path, body);
  if (answer.status === 200) return "accepted";
  const { errors } = answer.body as { errors: APIError[] };
  return errors.map(({ field, reason }) => `${answer.status} ${field ?? ""}: ${reason}`).join("; ");
}
const post = async <T>(path: string, body: object) => {
  const answer = await cloud.linode("POST", path, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as T;
};

test("a bucket has the names that S3 clients reach it by, and is gone when it was empty", async () => {
  const made = await post<ObjectStorageBucket>("/object-storage/buckets", { ...bucket, acl: "private" });
  assert.equal(made.hostname, "backups-of-mail.nl-ams-1.linodeobjects.com");
  assert.deepEqual(
    [made.s3_endpoint, made.cluster, made.endpoint_type],
    ["nl-ams-1.linodeobjects.com", "nl-ams-1", "E1"],
  );
  assert.deepEqual(cloud.objects.access?.buckets, { "backups-of-mail": "nl-ams-1.linodeobjects.com" });
  const path = "/object-storage/buckets/nl-ams/backups-of-mail";
  const access = (await cloud.linode("GET", `${path}/access`)).body;
  // What a client gets that says nothing.
  assert.deepEqual([access.acl, access.cors_enabled], ["private", true]);
  await cloud.linode("PUT", `${path}/access`, { cors_enabled: false });
  assert.equal((await cloud.linode("GET", `${path}/access`)).body.cors_enabled, false);
  assert.match(await refusal("POST", "/object-storage/buckets", bucket), /^400 label: .*not available/);
  cloud.objects.full.add("backups-of-mail");
  assert.deepEqual(
    (await linode.getBuckets()).data.map(({ label, objects, size }) => [label, objects, size]),
    [["backups-of-mail", 2, 300]],
  );
  assert.match(await refusal("DELETE", path), /^400 : Only empty buckets/);
  cloud.objects.full.clear();
  assert.equal(await refusal("DELETE", path), "accepted");
  assert.match(await refusal("GET", path), /^404/);
  assert.deepEqual(cloud.objects.access.buckets, {});
});

test("a key is limited to its buckets, and tells its secret once", async () => {
  for (const label of ["one", "two"].map((name) => `${name}-bucket`))
    await post("/object-storage/buckets", { ...bucket, label });
  const key = await post<ObjectStorageKey>("/object-storage/keys", {
    label: "mail",
    bucket_access: [accessOf("one-bucket")],
  });
  assert.equal(key.limited, true);
  assert.deepEqual(
    key.regions.map(({ id, s3_endpoint: name }) => [id, name]),
    [["nl-ams", "nl-ams-1.linodeobjects.com"]],
  );
  assert.match(key.access_key, /^[A-Z0-9]{20}$/);
  const known = () => cloud.objects.access!.keys.find(({ accessKey }) => accessKey === key.access_key);
  assert.deepEqual(known(), {
    accessKey: key.access_key,
    secretKey: key.secret_key,
    read: [],
    write: ["one-bucket"],
  });
  const listed = (await linode.getObjectStorageKeys()).data.find(({ id }) => id === key.id);
  assert.equal(listed?.secret_key, "[REDACTED]");
  const all = await post<ObjectStorageKey>("/object-storage/keys", { label: "all", regions: ["nl-ams"] });
  assert.equal(all.limited, false);
  assert.deepEqual(cloud.objects.access?.keys.at(-1)?.write, ["one-bucket", "two-bucket"]);
  await linode.revokeObjectStorageKey(key.id);
  assert.equal(known(), undefined);
  assert.match(await refusal("GET", `/object-storage/keys/${key.id}`), /^404/);
});

test("everything is served again after a restart", async () => {
  const before = cloud.objects.access;
  await cloud.stop();
  cloud.objects.access = undefined;
  await cloud.start();
  assert.deepEqual(cloud.objects.access, before);
});

test("what the real API refuses is refused", async () => {
  const buckets = (body: object) => refusal("POST", "/object-storage/buckets", body);
  assert.match(await buckets({ ...bucket, label: "Upper" }), /^400 label/);
  assert.match(await buckets({ label: "nowhere" }), /^400 region/);
  assert.match(await buckets({ label: "elsewhere", region: "eu-west" }), /^404/);
  assert.match(await buckets({ ...bucket, label: "fresh", endpoint_type: "E3" }), /^400 endpoint_type/);
  assert.match(await buckets({ ...bucket, label: "fresh", versioning: true }), /^400 versioning: .*not a known field/);
  const keys = (body: object) => refusal("POST", "/object-storage/keys", { label: "mail", ...body });
  assert.match(await keys({ bucket_access: [accessOf("missing")] }), /^400 bucket_access.bucket_name/);
  assert.match(await keys({ regions: ["us-east"], bucket_access: [accessOf("one-bucket")] }), /^400 regions/);
  assert.match(await refusal("GET", "/object-storage/buckets/nowhere/one-bucket"), /^404/);
});
