import { randomBytes } from "node:crypto";
import type { App } from "../app";
import type { LinodeContext } from "./context";
import { checked, LinodeError, refuse } from "./errors";
import { changeObjects } from "./object-access";
import { endpoints, objectRegions, regionOf } from "./object-endpoints";
import { createKeySchema, type CreateKeyRequest, updateKeySchema } from "./object-request";
import { paged } from "./paging";
import { present } from "./present";
import type { ObjectKey } from "./state";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** As long as the real ones. */
const accessKey = () => [...randomBytes(20)].map((byte) => letters[byte % letters.length]).join("");
const secretKey = () => randomBytes(30).toString("base64url");

async function create(context: LinodeContext, body: CreateKeyRequest): Promise<ObjectKey> {
  const access =
    body.bucket_access?.map(({ bucket_name, region, cluster, permissions }) => ({
      bucket_name,
      region: regionOf(region ?? cluster ?? ""),
      permissions,
    })) ?? null;
  const { buckets } = context.store.state.linode;
  for (const one of access ?? [])
    if (!buckets.some(({ label, region }) => label === one.bucket_name && region === one.region))
      refuse("bucket_access.bucket_name", `Bucket ${one.bucket_name} was not found in ${one.region}`);
  const regions = body.regions ?? (access === null ? objectRegions : [...new Set(access.map(({ region }) => region))]);
  for (const { region } of access ?? [])
    if (!regions.includes(region)) refuse("regions", `${region} is missing, where the key has a bucket`);
  return changeObjects(context, (linode) => {
    const key: ObjectKey = {
      id: linode.nextId++,
      label: body.label,
      accessKey: accessKey(),
      secretKey: secretKey(),
      access,
      regions,
    };
    linode.objectKeys.push(key);
    return key;
  });
}

/** A key as the API shows it; the secret is shown once. */
function keyView({ id, label, accessKey, access, regions }: ObjectKey, secret = "[REDACTED]") {
  return {
    id,
    label,
    access_key: accessKey,
    secret_key: secret,
    limited: access !== null,
    bucket_access: access?.map((one) => ({ cluster: "", ...one })) ?? null,
    regions: regions.map((region) => {
      const { s3_endpoint, endpoint_type } = endpoints.find((one) => one.region === region)!;
      return { id: region, s3_endpoint, endpoint_type };
    }),
  };
}

/** `/object-storage/keys`. */
export function objectKeyRoutes(app: App, context: LinodeContext): void {
  type Id = { Params: { id: string } };
  const all = () => context.store.state.linode.objectKeys;
  const one = ({ params }: { params: { id: string } }): ObjectKey => {
    const found = all().find(({ id }) => id === Number(params.id));
    if (found) return found;
    throw new LinodeError(404, [{ reason: "The specified access key was not found." }]);
  };

  app.get("/object-storage/keys", (request) =>
    paged(
      request,
      all().map((key) => keyView(key)),
    ),
  );
  app.post("/object-storage/keys", async (request) => {
    const key = await create(context, checked(createKeySchema, request.body));
    return keyView(key, key.secretKey);
  });
  app.get<Id>("/object-storage/keys/:id", (request) => keyView(one(request)));
  app.put<Id>("/object-storage/keys/:id", async (request) => {
    const { id } = one(request);
    const body = present(checked(updateKeySchema, request.body));
    await changeObjects(context, ({ objectKeys }) =>
      Object.assign(
        objectKeys.find((key) => key.id === id)!,
        body,
      ),
    );
    return keyView(one(request));
  });
  app.delete<Id>("/object-storage/keys/:id", async (request) => {
    const { id } = one(request);
    await changeObjects(context, (linode) => {
      linode.objectKeys = linode.objectKeys.filter((key) => key.id !== id);
    });
    return {};
  });
}
