import type { ObjectAccess } from "../../contracts";
import type { LinodeContext } from "./context";
import { endpoints } from "./object-endpoints";
import type { LinodeState } from "./state";

/** What the S3 server has to know of the account. */
function accessOf({ buckets, objectKeys }: LinodeState): ObjectAccess {
  const keys = objectKeys.map(({ accessKey, secretKey, access, regions }) => {
    const labels = (permission: string) =>
      access === null
        ? // Not limited to buckets: all of its regions.
          buckets
            .filter(({ region }) => permission === "read_write" && regions.includes(region))
            .map(({ label }) => label)
        : access
            .filter(
              (one) =>
                one.permissions === permission &&
                buckets.some(({ label, region }) => label === one.bucket_name && region === one.region),
            )
            .map(({ bucket_name: label }) => label);
    return { accessKey, secretKey, read: labels("read_only"), write: labels("read_write") };
  });
  return {
    endpoints: endpoints.map(({ s3_endpoint: name }) => name),
    buckets: Object.fromEntries(buckets.map(({ label, endpoint }) => [label, endpoint])),
    keys,
  };
}

/** Changes buckets or keys: first what the API remembers, then what the S3 server does. */
export async function changeObjects<T>(context: LinodeContext, change: (linode: LinodeState) => T): Promise<T> {
  const result = context.store.update(({ linode }) => change(linode));
  await context.objects.serve(accessOf(context.store.state.linode));
  return result;
}

/** After a restart of the cloud: the S3 server of an account that uses it. */
export async function republishObjects({ store, objects }: LinodeContext): Promise<void> {
  const { linode } = store.state;
  if (linode.buckets.length + linode.objectKeys.length > 0) await objects.serve(accessOf(linode));
}
