import { z } from "zod";

const rules = z.strictObject({
  inbound: z.array(z.record(z.string(), z.unknown())),
  inbound_policy: z.enum(["ACCEPT", "DROP"]),
  outbound: z.array(z.record(z.string(), z.unknown())),
  outbound_policy: z.enum(["ACCEPT", "DROP"]),
});

const entity = z.strictObject({ id: z.number(), label: z.string(), type: z.string(), url: z.string() });

const instance = z.strictObject({
  id: z.number(),
  label: z.string(),
  group: z.string(),
  tags: z.array(z.string()),
  region: z.string(),
  type: z.string(),
  image: z.string(),
  status: z.enum([
    "provisioning",
    "booting",
    "running",
    "rebooting",
    "shutting_down",
    "resizing",
    "offline",
    "deleting",
  ]),
  created: z.string(),
  updated: z.string(),
  address: z.string(),
  address6: z.string(),
  /** Names given by the user; null: the default name of the address. */
  rdns: z.string().nullable(),
  rdns6: z.string().nullable(),
  userData: z.string().optional(),
  authorizedKeys: z.array(z.string()),
  rootPassword: z.string().optional(),
  swapSize: z.number(),
  /** Plan whose storage the disk fills, where it is not the present one's. */
  diskType: z.string().optional(),
  alerts: z.record(z.string(), z.number()),
  watchdogEnabled: z.boolean(),
  backupsEnabled: z.boolean(),
  diskEncryption: z.enum(["enabled", "disabled"]),
  hostUuid: z.string(),
});

const firewall = z.strictObject({
  id: z.number(),
  label: z.string(),
  tags: z.array(z.string()),
  status: z.enum(["enabled", "disabled"]),
  created: z.string(),
  updated: z.string(),
  version: z.number(),
  rules,
  devices: z.array(z.strictObject({ id: z.number(), linode: z.number(), created: z.string(), updated: z.string() })),
});

const volume = z.strictObject({
  id: z.number(),
  label: z.string(),
  tags: z.array(z.string()),
  region: z.string(),
  /** GB. */
  size: z.number(),
  status: z.enum(["creating", "active", "resizing"]),
  created: z.string(),
  updated: z.string(),
  /** Instance that it is attached to. */
  linode: z.number().nullable(),
  encryption: z.enum(["enabled", "disabled"]),
});

const event = z.strictObject({
  id: z.number(),
  action: z.string(),
  created: z.string(),
  duration: z.number().nullable(),
  entity: entity.nullable(),
  secondary_entity: entity.nullable(),
  message: z.string().nullable(),
  percent_complete: z.number().nullable(),
  rate: z.string().nullable(),
  read: z.boolean(),
  seen: z.boolean(),
  status: z.enum(["scheduled", "started", "finished", "failed", "notification"]),
  time_remaining: z.string().nullable(),
  username: z.string(),
});

const domainRecord = z.strictObject({
  id: z.number(),
  type: z.enum(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"]),
  name: z.string(),
  target: z.string(),
  priority: z.number(),
  weight: z.number(),
  port: z.number(),
  service: z.string().nullable(),
  protocol: z.string().nullable(),
  ttl_sec: z.number(),
  tag: z.string().nullable(),
  created: z.string(),
  updated: z.string(),
});

const domain = z.strictObject({
  id: z.number(),
  domain: z.string(),
  type: z.literal("master"),
  soa_email: z.string(),
  description: z.string(),
  group: z.string(),
  status: z.enum(["active", "disabled"]),
  refresh_sec: z.number(),
  retry_sec: z.number(),
  expire_sec: z.number(),
  ttl_sec: z.number(),
  tags: z.array(z.string()),
  master_ips: z.array(z.string()),
  axfr_ips: z.array(z.string()),
  created: z.string(),
  updated: z.string(),
  records: z.array(domainRecord),
});

const bucket = z.strictObject({
  label: z.string(),
  region: z.string(),
  endpoint: z.string(),
  endpointType: z.enum(["E0", "E1", "E2", "E3"]),
  created: z.string(),
  corsEnabled: z.boolean(),
});

const objectKey = z.strictObject({
  id: z.number(),
  label: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  /** null: every bucket of its regions. */
  access: z
    .array(
      z.strictObject({ bucket_name: z.string(), region: z.string(), permissions: z.enum(["read_only", "read_write"]) }),
    )
    .nullable(),
  regions: z.array(z.string()),
});

/** `interfaces_for_new_linodes` of an account. */
export const newLinodes = z.enum([
  "legacy_config_only",
  "legacy_config_default_but_linode_allowed",
  "linode_default_but_legacy_config_allowed",
  "linode_only",
]);

/** What the Linode API remembers; names of fields as the API has them where they are shown unchanged. */
export const linodeState = z.strictObject({
  nextId: z.number(),
  instances: z.array(instance),
  firewalls: z.array(firewall),
  events: z.array(event),
  domains: z.array(domain),
  // A cloud that was made before there were volumes has none.
  volumes: z.array(volume).default([]),
  newLinodes: newLinodes.default("legacy_config_only"),
  // Nor object storage.
  buckets: z.array(bucket).default([]),
  objectKeys: z.array(objectKey).default([]),
});

export type LinodeState = z.infer<typeof linodeState>;
export type Instance = z.infer<typeof instance>;
export type Firewall = z.infer<typeof firewall>;
export type Volume = z.infer<typeof volume>;
export type Bucket = z.infer<typeof bucket>;
export type ObjectKey = z.infer<typeof objectKey>;
export type CloudEvent = z.infer<typeof event>;
export type EventEntity = z.infer<typeof entity>;
export type Domain = z.infer<typeof domain>;
export type DomainRecord = z.infer<typeof domainRecord>;
