/** What the parts of the local cloud promise each other. */

/** Fixed addresses inside every cloud (each cloud has its own network namespace, so they never meet). */
export const addresses = {
  gateway: "198.51.100.1",
  dns: "198.51.100.2",
  /** api.linode.com, api.cloudflare.com, acme-v02.api.letsencrypt.org: HTTPS on 443. */
  apis: "198.51.100.3",
  /** HTTP proxy for apt on port 3142. */
  aptProxy: "198.51.100.4",
  /** The object storage of every region: HTTPS on 443. */
  objects: "198.51.100.5",
  peer: "198.51.100.10",
  /** Instances get the first free address in this range. */
  firstInstance: 20,
  lastInstance: 250,
  network: "198.51.100.0/24",
  gateway6: "2001:db8::1",
  dns6: "2001:db8::2",
  apis6: "2001:db8::3",
  objects6: "2001:db8::5",
  peer6: "2001:db8::10",
  /** Where hosts send what is not for them, on every link; the provider's routers have the same one. */
  router6: "fe80::1",
} as const;

export type ImageName = "debian12" | "debian13";

/** A disk of the provider's, beside the one that a host boots from. */
export interface VolumeSpec {
  id: number;
  /** Part of the path at which a host finds it. */
  label: string;
  /** GiB. */
  sizeGb: number;
}

/** Name of a volume's device below a host's /dev/disk/by-id, as Linode gives it. */
export function volumeDevice(label: string): string {
  return `scsi-0Linode_Volume_${label}`;
}

/** One booted system. */
export interface HostSpec {
  /** Unique inside the cloud, letters, digits and `-`, at most 32; for an instance `linode-ID`. */
  name: string;
  image: ImageName | string;
  address: string;
  /** In 2001:db8::/64. Without it the host has IPv4 only. */
  address6?: string;
  hostname: string;
  /** The plan's memory, a hard limit around the whole system. */
  memoryMiB: number;
  /** Decoded cloud-init user data; undefined: none. */
  userData?: string;
  /** OpenSSH public keys for root. */
  authorizedKeys: string[];
  /** Clear text; set for root through cloud-init's vendor data or chpasswd. */
  rootPassword?: string;
  /** What is attached to it while it boots. Default: nothing. */
  volumes?: VolumeSpec[];
}

export interface PacketRule {
  action: "ACCEPT" | "DROP";
  protocol: "TCP" | "UDP" | "ICMP" | "IPENCAP";
  /** `22`, `80, 443`, `1-1024`; undefined: all. */
  ports?: string;
  /** CIDRs. */
  ipv4: string[];
  ipv6: string[];
}

/** What the cloud firewall lets through a host's link, in both directions. */
export interface PacketFilter {
  inbound: PacketRule[];
  inboundPolicy: "ACCEPT" | "DROP";
  outbound: PacketRule[];
  outboundPolicy: "ACCEPT" | "DROP";
}

/** Boots and ends the cloud's systems. Implemented by local-cloud/hosts. */
export interface Hosts {
  /** Resolves when the system's init runs (not when cloud-init is done). */
  boot(spec: HostSpec): Promise<void>;
  powerOff(name: string): Promise<void>;
  reboot(name: string): Promise<void>;
  /** Powers off and removes disk, namespace, cgroup, link and packet filter. */
  remove(name: string): Promise<void>;
  isRunning(name: string): Promise<boolean>;
  /** `undefined` removes the filter. Takes effect at once, also before boot. */
  filter(name: string, rules: PacketFilter | undefined): Promise<void>;
  /**
   * The volume appears as a block device of the host, also while that runs. It is made, empty, when it is new.
   */
  attachVolume(name: string, volume: VolumeSpec): Promise<void>;
  /** The host sees the new size of an attached volume at its next boot. */
  growVolume(name: string, volume: VolumeSpec): Promise<void>;
  /** The device is gone from the host; what is on the volume stays. */
  detachVolume(name: string, volume: VolumeSpec): Promise<void>;
  /** Removes what is on a volume, for ever. */
  removeVolume(id: number): Promise<void>;
}

/** One set of records with the same name and type. Content is in zone-file presentation form. */
export interface RecordSet {
  /** Fully qualified, lower case, without the last dot. */
  name: string;
  type: string;
  ttl: number;
  /** For example `10 mail.example.org.` for MX; TXT quoted and split in strings of at most 255 bytes. */
  contents: string[];
}

/** The authoritative DNS of the cloud's internet. Implemented by local-cloud/cloud. */
export interface Zones {
  /**
   * Makes an empty zone with SOA and NS, delegated from its parent; a signed one with a DS record there. Nothing
   * happens when it exists.
   */
  create(zone: string, options?: { signed: boolean }): Promise<void>;
  remove(zone: string): Promise<void>;
  /** Replaces the set; no contents: removes it. */
  replace(zone: string, records: RecordSet): Promise<void>;
  /** Reverse name of an address; undefined removes it. */
  pointer(address: string, name: string | undefined): Promise<void>;
  /** What the authoritative server answers now, presentation form. */
  lookup(name: string, type: string): Promise<string[]>;
}

/** Who may reach which buckets of the object storage. Buckets are known by label. */
export interface ObjectAccess {
  /** Names of all endpoints, for example `nl-ams-1.linodeobjects.com`. */
  endpoints: string[];
  /** Endpoint of each bucket. */
  buckets: Record<string, string>;
  keys: { accessKey: string; secretKey: string; read: string[]; write: string[] }[];
}

/** The provider's object storage: an S3 server. Implemented by local-cloud/cloud. */
export interface ObjectStore {
  /** Makes the buckets that are missing; from then on these keys are let in, and no others. */
  serve(access: ObjectAccess): Promise<void>;
  /** What the newest versions of a bucket's objects are. */
  usage(label: string): Promise<{ objects: number; size: number }>;
  /** @returns false when it is not empty; it then stays. */
  removeBucket(label: string): Promise<boolean>;
}
