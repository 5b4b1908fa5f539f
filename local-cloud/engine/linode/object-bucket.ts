/** `linode:index/objectStorageBucket:ObjectStorageBucket`. The id is REGION:LABEL. */
import type { ObjectStorageBucket, ObjectStorageBucketAccess } from "./vendor-types";
import { z } from "zod";
import { Unfinished, type ApiResource, type Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { lifecycleRule, readSettings, writeSettings, type ObjectSettings, type S3Keys } from "./object-s3";

const bucketInputs = z.strictObject({
  label: z.string(),
  region: z.string(),
  acl: z.string().optional(),
  corsEnabled: z.boolean().optional(),
  versioning: z.boolean().optional(),
  lifecycleRules: z.array(lifecycleRule).optional(),
  endpointType: z.string().optional(),
  s3Endpoint: z.string().optional(),
});
type BucketInputs = z.infer<typeof bucketInputs>;

export function objectBucketResource(keys: S3Keys): ApiResource<LinodeApi, BucketInputs> {
  /** As the API and S3 have it; S3 is asked only where the program says something that is kept there. */
  async function read(api: LinodeApi, bucket: ObjectStorageBucket, inputs: Partial<BucketInputs>) {
    const access = await api.get<ObjectStorageBucketAccess>(`${path(bucket)}/access`);
    const asks = inputs.versioning === true || (inputs.lifecycleRules ?? []).length > 0;
    return present(bucket, access, asks ? await readSettings(api, keys, bucket) : {});
  }

  return {
    inputs: bucketInputs,
    replaceOn: ["label", "region", "endpointType", "s3Endpoint"],
    defaults: { acl: "private" },
    chosenByApi: ["corsEnabled", "versioning", "endpointType", "s3Endpoint"],

    async create(api, inputs) {
      await requireRegion(api, inputs.region);
      const { acl = "private", versioning, lifecycleRules = [] } = inputs;
      const bucket = await api.post<ObjectStorageBucket>("/object-storage/buckets", {
        label: inputs.label,
        region: inputs.region,
        acl,
        // The vendor's plugin cannot tell "false" from "not given" here.
        cors_enabled: inputs.corsEnabled || undefined,
        endpoint_type: inputs.endpointType,
        s3_endpoint: inputs.s3Endpoint,
      });
      try {
        await api.put(`${path(bucket)}/access`, { acl });
        if (versioning || lifecycleRules.length > 0)
          await writeSettings(api, keys, bucket, {
            ...(versioning && { versioning }),
            ...(lifecycleRules.length > 0 && { lifecycleRules }),
          });
        return await read(api, bucket, inputs);
      } catch (error) {
        throw new Unfinished(idOf(bucket), { ...inputs }, error);
      }
    },
    async read(api, id, old) {
      const found = await api.find<ObjectStorageBucket>(`/object-storage/buckets/${id.split(":").join("/")}`);
      return found && read(api, found, old.inputs);
    },
    async update(api, id, inputs, old) {
      const bucket = await api.get<ObjectStorageBucket>(`/object-storage/buckets/${id.split(":").join("/")}`);
      const changed = <K extends keyof BucketInputs>(name: K): Pick<BucketInputs, K> | undefined =>
        JSON.stringify(inputs[name]) === JSON.stringify(old.inputs[name])
          ? undefined
          : ({ [name]: inputs[name] } as Pick<BucketInputs, K>);
      if (changed("acl") || changed("corsEnabled"))
        await api.put(`${path(bucket)}/access`, { acl: inputs.acl ?? "private", cors_enabled: inputs.corsEnabled });
      const settings: ObjectSettings = {
        ...changed("versioning"),
        ...(changed("lifecycleRules") && { lifecycleRules: inputs.lifecycleRules ?? [] }),
      };
      if (Object.keys(settings).length > 0) await writeSettings(api, keys, bucket, settings);
      return read(api, bucket, inputs);
    },
    async delete(api, id) {
      await api.remove(`/object-storage/buckets/${id.split(":").join("/")}`);
    },
  };
}

/** The vendor's plugin asks first, too: the API's own refusal names nothing. */
async function requireRegion(api: LinodeApi, wanted: string): Promise<void> {
  const endpoints = await api.list<{ region: string }>("/object-storage/endpoints");
  if (!endpoints.some(({ region }) => region === wanted))
    throw new Error(`Region '${wanted}' is not valid for Object Storage.`);
}

const idOf = ({ region, label }: ObjectStorageBucket): string => `${region}:${label}`;
const path = ({ region, label }: ObjectStorageBucket): string => `/object-storage/buckets/${region}/${label}`;

function present(
  bucket: ObjectStorageBucket,
  access: ObjectStorageBucketAccess,
  settings: ObjectSettings,
): Present<BucketInputs> {
  const inputs: BucketInputs = {
    label: bucket.label,
    region: bucket.region,
    acl: access.acl,
    corsEnabled: access.cors_enabled ?? undefined,
    ...settings,
    endpointType: bucket.endpoint_type,
    s3Endpoint: bucket.s3_endpoint,
  };
  const { cluster, hostname, s3_endpoint: endpoint } = bucket;
  return { id: idOf(bucket), outputs: { ...inputs, cluster, hostname, endpoint }, inputs };
}
