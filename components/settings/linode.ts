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

/** Plans that carry the mail stack, with their memory in MiB. Source: Linode API `GET /v4/linode/types`. */
export const planMemory: Readonly<Record<string, number>> = {
  "g6-standard-1": 2048,
  "g6-standard-2": 4096,
  "g6-standard-4": 8192,
  "g6-standard-6": 16384,
  "g6-standard-8": 32768,
  "g6-dedicated-2": 4096,
  "g6-dedicated-4": 8192,
  "g6-dedicated-8": 16384,
};
