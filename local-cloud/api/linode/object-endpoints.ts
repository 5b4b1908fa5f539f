import { LinodeError } from "./errors";

/** Generation of an endpoint. */
export type EndpointType = "E0" | "E1" | "E2" | "E3";

/** The real API's `GET /object-storage/endpoints`, the one first that a region's buckets get unless asked for another. */
const list: [region: string, type: EndpointType, name: string][] = [
  ["ap-south", "E0", "ap-south-1"],
  ["au-mel", "E2", "au-mel-1"],
  ["br-gru", "E1", "br-gru-1"],
  ["de-fra-2", "E3", "de-fra-1"],
  ["es-mad", "E1", "es-mad-1"],
  ["eu-central", "E0", "eu-central-1"],
  ["fr-par", "E1", "fr-par-1"],
  ["gb-lon", "E3", "gb-lon-1"],
  ["id-cgk", "E1", "id-cgk-1"],
  ["in-maa", "E1", "in-maa-1"],
  ["it-mil", "E1", "it-mil-1"],
  ["jp-osa", "E1", "jp-osa-1"],
  ["jp-tyo-3", "E3", "jp-tyo-1"],
  ["nl-ams", "E1", "nl-ams-1"],
  ["se-sto", "E1", "se-sto-1"],
  ["sg-sin-2", "E3", "sg-sin-1"],
  ["us-east", "E0", "us-east-1"],
  ["us-iad", "E1", "us-iad-1"],
  ["us-lax", "E1", "us-lax-1"],
  ["us-lax", "E3", "us-lax-4"],
  ["us-mia", "E1", "us-mia-1"],
  ["us-ord", "E1", "us-ord-1"],
  ["us-ord", "E3", "us-ord-10"],
  ["us-sea", "E1", "us-sea-1"],
  ["us-southeast", "E0", "us-southeast-1"],
];

export const endpoints = list.map(([region, type, name]) => ({
  region,
  endpoint_type: type,
  s3_endpoint: `${name}.linodeobjects.com`,
}));

export type Endpoint = (typeof endpoints)[number];

/** Regions with object storage. */
export const objectRegions = [...new Set(endpoints.map(({ region }) => region))];

/** The region's name, also from that of one of its clusters, as old clients write it. @throws LinodeError 404. */
export function regionOf(regionOrCluster: string): string {
  const found = endpoints.find(
    ({ region, s3_endpoint: name }) => region === regionOrCluster || name.split(".")[0] === regionOrCluster,
  );
  if (found) return found.region;
  throw new LinodeError(404, [{ reason: "The specified region was not found or does not support Object Storage" }]);
}
