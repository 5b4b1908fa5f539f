/** `linode:index/objectStorageKey:ObjectStorageKey`. */
import type { ObjectStorageKey } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, OldState, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { numeric } from "./instance";

const keyInputs = z.strictObject({
  label: z.string(),
  regions: z.array(z.string()).min(1).optional(),
  bucketAccesses: z
    .array(z.strictObject({ bucketName: z.string(), region: z.string(), permissions: z.string() }))
    .optional(),
});
type KeyInputs = z.infer<typeof keyInputs>;

export const objectKeyResource: ApiResource<LinodeApi, KeyInputs> = {
  inputs: keyInputs,
  replaceOn: ["bucketAccesses"],
  secretOutputs: ["secretKey"],
  chosenByApi: ["regions"],
  sets: ["regions", "bucketAccesses"],

  async create(api, inputs) {
    const { label, regions, bucketAccesses } = inputs;
    const made = await api.post<ObjectStorageKey>("/object-storage/keys", {
      label,
      regions,
      bucket_access: bucketAccesses?.map(({ bucketName, ...one }) => ({ bucket_name: bucketName, ...one })),
    });
    return present(made, made.secret_key);
  },
  async read(api, id, old) {
    const found = await api.find<ObjectStorageKey>(`/object-storage/keys/${numeric(id)}`);
    return found && present(found, secretOf(old));
  },
  async update(api, id, { label, regions }, old) {
    const body = { label, regions };
    return present(await api.put<ObjectStorageKey>(`/object-storage/keys/${numeric(id)}`, body), secretOf(old));
  },
  delete: (api, id) => api.remove(`/object-storage/keys/${numeric(id)}`),
};

/** The API tells it once. */
const secretOf = (old: OldState<KeyInputs>) => old.outputs.secretKey as string | undefined;

function present(key: ObjectStorageKey, secretKey: string | undefined): Present<KeyInputs> {
  const inputs: KeyInputs = {
    label: key.label,
    regions: key.regions.map(({ id }) => id),
    bucketAccesses: key.bucket_access?.map(({ bucket_name: bucketName, region = "", permissions }) => ({
      bucketName,
      region,
      permissions,
    })),
  };
  const regionsDetails = key.regions.map(({ id, s3_endpoint: s3Endpoint, endpoint_type: endpointType }) => ({
    id,
    s3Endpoint,
    endpointType,
  }));
  const outputs = { ...inputs, accessKey: key.access_key, secretKey, limited: key.limited, regionsDetails };
  return { id: String(key.id), outputs, inputs };
}
