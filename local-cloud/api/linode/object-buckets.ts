import type { App } from "../app";
import { type LinodeContext, now } from "./context";
import { checked, LinodeError, refuse } from "./errors";
import { changeObjects } from "./object-access";
import { endpoints, type Endpoint, regionOf } from "./object-endpoints";
import { accessSchema, createBucketSchema, type CreateBucketRequest } from "./object-request";
import { paged } from "./paging";
import { present } from "./present";
import type { Bucket } from "./state";

/** Owner of all buckets, as S3 names it. */
const owner = "640757b5-ebe9-45b1-abd5-000000000000";

function endpointFor(body: CreateBucketRequest): Endpoint {
  const region = regionOf(body.region ?? body.cluster ?? "");
  const type = body.endpoint_type;
  const name = body.s3_endpoint;
  const found = endpoints.find(
    (one) => one.region === region && (!type || one.endpoint_type === type) && (!name || one.s3_endpoint === name),
  );
  return found ?? refuse(name ? "s3_endpoint" : "endpoint_type", "The region has no such endpoint");
}

async function create(context: LinodeContext, body: CreateBucketRequest): Promise<Bucket> {
  const endpoint = endpointFor(body);
  // On the real cloud the name may be another customer's; here it is one's own, in any region.
  if (context.store.state.linode.buckets.some(({ label }) => label === body.label))
    refuse("label", "The requested bucket name is not available. Please select a different name and try again.");
  const bucket: Bucket = {
    label: body.label,
    region: endpoint.region,
    endpoint: endpoint.s3_endpoint,
    endpointType: endpoint.endpoint_type,
    created: now(),
    corsEnabled: body.cors_enabled ?? true,
  };
  await changeObjects(context, ({ buckets }) => buckets.push(bucket));
  return bucket;
}

/** A bucket's `acl_xml`: its owner may do everything. */
const privateXml = [
  '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
  `<Owner><ID>${owner}</ID><DisplayName>${owner}</DisplayName></Owner>`,
  '<AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">',
  `<ID>${owner}</ID><DisplayName>${owner}</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>`,
  "</AccessControlList></AccessControlPolicy>",
].join("");

/** `/object-storage/buckets` and the endpoints that they are reached at. */
export function bucketRoutes(app: App, context: LinodeContext): void {
  interface Place {
    Params: { region: string; label: string };
  }
  const all = () => context.store.state.linode.buckets;
  const one = ({ params }: { params: Place["Params"] }): Bucket => {
    const region = regionOf(params.region);
    const found = all().find((bucket) => bucket.region === region && bucket.label === params.label);
    if (found) return found;
    throw new LinodeError(404, [{ reason: "The specified bucket was not found." }]);
  };
  const view = async ({ label, region, endpoint, endpointType, created }: Bucket) => ({
    label,
    region,
    cluster: endpoint.split(".")[0],
    created,
    hostname: `${label}.${endpoint}`,
    s3_endpoint: endpoint,
    endpoint_type: endpointType,
    ...(await context.objects.usage(label)),
  });
  const views = (buckets: Bucket[]) => Promise.all(buckets.map(view));
  const path = "/object-storage/buckets/:region/:label";

  app.get("/object-storage/endpoints", (request) => paged(request, endpoints));
  app.get("/object-storage/buckets", async (request) => paged(request, await views(all())));
  app.get<Place>("/object-storage/buckets/:region", async (request) => {
    const region = regionOf(request.params.region);
    return paged(request, await views(all().filter((bucket) => bucket.region === region)));
  });
  app.post("/object-storage/buckets", async (request) =>
    view(await create(context, checked(createBucketSchema, request.body))),
  );
  app.get<Place>(path, (request) => view(one(request)));
  app.delete<Place>(path, async (request) => {
    const { label } = one(request);
    if (!(await context.objects.removeBucket(label)))
      throw new LinodeError(400, [{ reason: "Only empty buckets may be deleted." }]);
    await changeObjects(context, (linode) => {
      linode.buckets = linode.buckets.filter((bucket) => bucket.label !== label);
    });
    return {};
  });
  app.get<Place>(`${path}/access`, (request) => ({
    acl: "private",
    acl_xml: privateXml,
    cors_enabled: one(request).corsEnabled,
    cors_xml: null,
  }));
  app.route<Place>({
    method: ["PUT", "POST"],
    url: `${path}/access`,
    handler: (request) => {
      const { label } = one(request);
      const body = present(checked(accessSchema, request.body));
      context.store.update(({ linode }) => {
        const bucket = linode.buckets.find((each) => each.label === label)!;
        bucket.corsEnabled = body.cors_enabled ?? bucket.corsEnabled;
      });
      return {};
    },
  });
}
