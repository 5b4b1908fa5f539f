/** Inputs of `linode:index/instance:Instance` and the request bodies they become. */
import type { CreateLinodeRequest, Linode, LinodeAlerts } from "./vendor-types";
import { randomBytes } from "node:crypto";
import { z } from "zod";

const whole = z.number().int();

/**
 * What the stand-in knows of the vendor's inputs. Not known: configs, disks, interfaces, ipv4s, sharedIpv4s, backupId,
 * stackscriptId, stackscriptData, placementGroup, bootConfigLabel.
 */
export const instanceInputs = z.strictObject({
  region: z.string(),
  type: z.string().optional(),
  image: z.string().optional(),
  label: z.string().min(3).max(50).optional(),
  /** Clear text; the vendor's bounds. */
  rootPass: z.string().min(11).max(128).optional(),
  authorizedKeys: z.array(z.string()).optional(),
  authorizedUsers: z.array(z.string()).optional(),
  swapSize: whole.optional(),
  backupsEnabled: z.boolean().optional(),
  booted: z.boolean().optional(),
  diskEncryption: z.enum(["enabled", "disabled"]).optional(),
  firewallId: whole.optional(),
  group: z.string().optional(),
  /** One element; `userData` is base64. */
  metadatas: z.array(z.strictObject({ userData: z.string().optional() })).optional(),
  alerts: z
    .strictObject({
      cpu: whole.optional(),
      io: whole.optional(),
      networkIn: whole.optional(),
      networkOut: whole.optional(),
      transferQuota: whole.optional(),
    })
    .optional(),
  tags: z.array(z.string()).optional(),
  privateIp: z.boolean().optional(),
  watchdogEnabled: z.boolean().optional(),
  migrationType: z.enum(["cold", "warm"]).optional(),
  resizeDisk: z.boolean().optional(),
});

export type InstanceInputs = z.infer<typeof instanceInputs>;

/** A change of one of these makes a new Linode (`willReplaceOnChanges` in the vendor's schema 5.1.1). */
export const instanceReplaceOn = [
  "authorizedKeys",
  "authorizedUsers",
  "diskEncryption",
  "firewallId",
  "image",
  "metadatas",
  "rootPass",
];

/** The vendor's default plan. */
export const defaultType = "g6-standard-1";

/** The body of `POST /linode/instances`. An image without a password gets a random one, as the API demands one. */
export function createBody(inputs: InstanceInputs): CreateLinodeRequest {
  const userData = inputs.metadatas?.[0]?.userData;
  return {
    region: inputs.region,
    type: inputs.type ?? defaultType,
    label: inputs.label,
    group: inputs.group,
    image: inputs.image,
    root_pass: inputs.rootPass ?? (inputs.image === undefined ? undefined : randomBytes(48).toString("base64")),
    authorized_keys: inputs.authorizedKeys,
    authorized_users: inputs.authorizedUsers,
    swap_size: inputs.swapSize,
    backups_enabled: inputs.backupsEnabled ?? false,
    booted: inputs.booted,
    disk_encryption: inputs.diskEncryption,
    firewall_id: inputs.firewallId,
    private_ip: inputs.privateIp ?? false,
    tags: inputs.tags,
    metadata: userData === undefined ? undefined : { user_data: userData },
  } as CreateLinodeRequest;
}

/** The body of `PUT /linode/instances/ID` for what differs between two sets of inputs; undefined: nothing. */
export function updateBody(
  old: Partial<InstanceInputs>,
  now: Partial<InstanceInputs>,
  present: Linode,
): Partial<Linode> | undefined {
  const body: Partial<Linode> = {};
  if (now.label !== undefined && now.label !== old.label) body.label = now.label;
  if ((now.group ?? "") !== (old.group ?? "")) body.group = now.group ?? "";
  if (now.tags !== undefined && !same(now.tags, old.tags)) body.tags = now.tags;
  if ((now.watchdogEnabled ?? true) !== (old.watchdogEnabled ?? true))
    body.watchdog_enabled = now.watchdogEnabled ?? true;
  if (now.alerts !== undefined && !same(now.alerts, old.alerts)) body.alerts = alertsBody(now.alerts, present.alerts);
  return Object.keys(body).length > 0 ? body : undefined;
}

/** The API takes all thresholds or none. */
function alertsBody(wanted: NonNullable<InstanceInputs["alerts"]>, present: LinodeAlerts): LinodeAlerts {
  return {
    cpu: wanted.cpu ?? present.cpu,
    io: wanted.io ?? present.io,
    network_in: wanted.networkIn ?? present.network_in,
    network_out: wanted.networkOut ?? present.network_out,
    transfer_quota: wanted.transferQuota ?? present.transfer_quota,
  };
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
