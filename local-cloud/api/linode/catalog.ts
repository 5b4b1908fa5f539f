import type { ImageName } from "../../contracts";
import { objectRegions } from "./object-endpoints";

/** The regions of the real cloud in which a Linode can be made (core sites with metadata and firewalls). */
const regionNames: [id: string, label: string, country: string][] = [
  ["ap-northeast", "Tokyo 2, JP", "jp"],
  ["ap-south", "Singapore, SG", "sg"],
  ["ap-southeast", "Sydney, AU", "au"],
  ["ap-west", "Mumbai, IN", "in"],
  ["au-mel", "Melbourne, AU", "au"],
  ["br-gru", "Sao Paulo, BR", "br"],
  ["ca-central", "Toronto, CA", "ca"],
  ["de-fra-2", "Frankfurt 2, DE", "de"],
  ["es-mad", "Madrid, ES", "es"],
  ["eu-central", "Frankfurt, DE", "de"],
  ["eu-west", "London, UK", "gb"],
  ["fr-par", "Paris, FR", "fr"],
  ["gb-lon", "London 2, UK", "gb"],
  ["id-cgk", "Jakarta, ID", "id"],
  ["in-bom-2", "Mumbai 2, IN", "in"],
  ["in-maa", "Chennai, IN", "in"],
  ["it-mil", "Milan, IT", "it"],
  ["jp-osa", "Osaka, JP", "jp"],
  ["jp-tyo-3", "Tokyo 3, JP", "jp"],
  ["nl-ams", "Amsterdam, NL", "nl"],
  ["se-sto", "Stockholm, SE", "se"],
  ["sg-sin-2", "Singapore 2, SG", "sg"],
  ["us-central", "Dallas, TX", "us"],
  ["us-east", "Newark, NJ", "us"],
  ["us-iad", "Washington, DC", "us"],
  ["us-lax", "Los Angeles, CA", "us"],
  ["us-mia", "Miami, FL", "us"],
  ["us-ord", "Chicago, IL", "us"],
  ["us-sea", "Seattle, WA", "us"],
  ["us-southeast", "Atlanta, GA", "us"],
  ["us-west", "Fremont, CA", "us"],
];

export const regions = regionNames.map(([id, label, country]) => ({
  id,
  label,
  country,
  capabilities: [
    ...["Linodes", "Block Storage", "Cloud Firewall", "Metadata", "Disk Encryption"],
    ...(objectRegions.includes(id) ? ["Object Storage"] : []),
  ],
  status: "ok",
  site_type: "core",
  placement_group_limits: { maximum_pgs_per_customer: 100, maximum_linodes_per_pg: 5 },
  resolvers: { ipv4: "", ipv6: "" },
}));

/** Plans: MiB of memory, MiB of disk, CPUs, GB of monthly transfer, outgoing Mbit/s, US dollars a month. */
const plans: [string, string, string, number, number, number, number, number, number][] = [
  ["g6-nanode-1", "Nanode 1GB", "nanode", 1024, 25600, 1, 1000, 1000, 5],
  ["g6-standard-1", "Linode 2GB", "standard", 2048, 51200, 1, 2000, 2000, 12],
  ["g6-standard-2", "Linode 4GB", "standard", 4096, 81920, 2, 4000, 4000, 24],
  ["g6-standard-4", "Linode 8GB", "standard", 8192, 163840, 4, 5000, 5000, 48],
  ["g6-standard-6", "Linode 16GB", "standard", 16384, 327680, 6, 8000, 6000, 96],
  ["g6-standard-8", "Linode 32GB", "standard", 32768, 655360, 8, 16000, 7000, 192],
  ["g6-dedicated-2", "Dedicated 4GB", "dedicated", 4096, 81920, 2, 4000, 4000, 36],
  ["g6-dedicated-4", "Dedicated 8GB", "dedicated", 8192, 163840, 4, 5000, 5000, 72],
];

export const types = plans.map(([id, label, kind, memory, disk, vcpus, transfer, networkOut, monthly]) => ({
  id,
  label,
  class: kind,
  memory,
  disk,
  vcpus,
  gpus: 0,
  accelerated_devices: 0,
  transfer,
  network_out: networkOut,
  successor: null,
  // The real API's hourly price is the monthly one over about 667 hours.
  price: { hourly: Math.round((monthly / 667) * 10000) / 10000, monthly },
  region_prices: [],
  addons: { backups: { price: { hourly: 0, monthly: 0 }, region_prices: [] } },
}));

/** Which base image boots for an image of the real cloud; undefined: known, but this cloud has no base image of it. */
const imageBases: [id: string, label: string, vendor: string, size: number, base: ImageName | undefined][] = [
  ["linode/debian12", "Debian 12", "Debian", 1400, "debian12"],
  ["linode/debian13", "Debian 13", "Debian", 1500, "debian13"],
  ["linode/ubuntu24.04", "Ubuntu 24.04 LTS", "Ubuntu", 3100, undefined],
];

export const images = imageBases.map(([id, label, vendor, size]) => ({
  id,
  label,
  vendor,
  size,
  total_size: size,
  description: "",
  type: "manual",
  is_public: true,
  is_shared: false,
  deprecated: false,
  created: "2023-06-10T00:00:00",
  updated: "2023-06-10T00:00:00",
  created_by: "linode",
  eol: null,
  expiry: null,
  status: "available",
  capabilities: ["cloud-init", "distributed-sites"],
  regions: [],
  tags: [],
}));

/** The base image of an image that the catalog lists. */
export function imageBase(id: string): ImageName | undefined {
  return imageBases.find(([known]) => known === id)?.[4];
}

/** The images that this cloud boots, for messages. */
export const bootableImages = imageBases.filter(([, , , , base]) => base !== undefined).map(([id]) => id);
