/**
 * Linode's core regions that offer the metadata service (cloud-init), which the pinned host key needs.
 * Source: Linode API `GET /v4/regions`, capability "Metadata". A region newer than this list is added here.
 */
export const regions = [
  "ap-northeast",
  "ap-south",
  "ap-southeast",
  "ap-west",
  "au-mel",
  "br-gru",
  "ca-central",
  "de-fra-2",
  "es-mad",
  "eu-central",
  "eu-west",
  "fr-par",
  "gb-lon",
  "id-cgk",
  "in-bom-2",
  "in-maa",
  "it-mil",
  "jp-osa",
  "jp-tyo-3",
  "nl-ams",
  "se-sto",
  "sg-sin-2",
  "us-central",
  "us-east",
  "us-iad",
  "us-lax",
  "us-mia",
  "us-ord",
  "us-sea",
  "us-southeast",
  "us-west",
] as const;

/** Those of them with object storage. Source: Linode API `GET /v4/object-storage/endpoints`. */
export const bucketRegions = [
  "ap-south",
  "au-mel",
  "br-gru",
  "de-fra-2",
  "es-mad",
  "eu-central",
  "fr-par",
  "gb-lon",
  "id-cgk",
  "in-maa",
  "it-mil",
  "jp-osa",
  "jp-tyo-3",
  "nl-ams",
  "se-sto",
  "sg-sin-2",
  "us-east",
  "us-iad",
  "us-lax",
  "us-mia",
  "us-ord",
  "us-sea",
  "us-southeast",
] as const satisfies readonly (typeof regions)[number][];

/** Plans that carry the mail stack, with their memory and disk in MiB. Source: Linode API `GET /v4/linode/types`. */
export const plans: Readonly<Record<string, { memory: number; disk: number }>> = {
  "g6-standard-1": { memory: 2048, disk: 51_200 },
  "g6-standard-2": { memory: 4096, disk: 81_920 },
  "g6-standard-4": { memory: 8192, disk: 163_840 },
  "g6-standard-6": { memory: 16_384, disk: 327_680 },
  "g6-standard-8": { memory: 32_768, disk: 655_360 },
  "g6-dedicated-2": { memory: 4096, disk: 81_920 },
  "g6-dedicated-4": { memory: 8192, disk: 163_840 },
  "g6-dedicated-8": { memory: 16_384, disk: 327_680 },
};

/** Plans that carry a backup MX, which has no mailboxes. */
export const relayPlans: typeof plans = { "g6-nanode-1": { memory: 1024, disk: 25_600 }, ...plans };
