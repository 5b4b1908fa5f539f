import { z } from "zod";
import { bootableImages, imageBase, images, regions, types } from "./catalog";

/** A field that the real API has and this cloud does not; the values that mean "no" are taken. */
const notEmulated = z
  .unknown()
  .refine(
    (value) => value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0),
    "The local cloud does not emulate this field",
  )
  .optional();

/** 3-64 characters; letters, digits, `_`, `-`, `.`; no two punctuation marks of one kind in a row. */
export const label = z
  .string()
  .min(3, "Length must be 3-64 characters")
  .max(64, "Length must be 3-64 characters")
  .regex(
    /^(?!.*(--|__|\.\.))[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]$/,
    "Must begin and end with an alphanumeric character, contain only letters, numbers, '_', '-' and '.', and not have two of them in a row",
  );

export const tags = z.array(
  z.string().min(3, "Length must be 3-50 characters").max(50, "Length must be 3-50 characters"),
);

const sshKey = z
  .string()
  .regex(
    /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/,
    "SSH Key is not a valid OpenSSH public key",
  );

/** Of four kinds of characters, a password needs as many as the real API asks for. */
function strong(password: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(password)).length;
  return kinds >= 3 && new Set(password).size >= 6;
}

// 11 to 128 characters: the limits of the real API.
const rootPassword = z
  .string()
  .min(11, "Length must be 11-128 characters")
  .max(128, "Length must be 11-128 characters")
  .refine(strong, "Password does not meet strength requirements");

/** Decoded user data may have 16384 bytes, as on the real cloud. */
const userDataLimit = 16384;
const userData = z
  .base64("Must be a base64-encoded string")
  .refine((text) => Buffer.from(text, "base64").length <= userDataLimit, "Must be at most 16384 bytes when decoded");

const image = z.string().superRefine((id, context) => {
  if (!images.some((known) => known.id === id)) {
    context.addIssue({ code: "custom", message: "image is not valid" });
  } else if (imageBase(id) === undefined) {
    const message = `The local cloud has no base image of ${id}; it boots ${bootableImages.join(", ")}`;
    context.addIssue({ code: "custom", message });
  }
});

export const typeId = z
  .string()
  .refine((id) => types.some((type) => type.id === id), "A valid plan type by that ID was not found");

export const alerts = z.strictObject({
  cpu: z.int().min(0).optional(),
  io: z.int().min(0).optional(),
  network_in: z.int().min(0).optional(),
  network_out: z.int().min(0).optional(),
  transfer_quota: z.int().min(0).max(400).optional(),
});

/** Body of `POST /linode/instances`. */
export const createSchema = z
  .strictObject({
    region: z.string().refine((id) => regions.some((region) => region.id === id), "region is not valid"),
    type: typeId,
    image,
    label: label.nullish(),
    group: z.string().nullish(),
    tags: tags.nullish(),
    root_pass: rootPassword.nullish(),
    authorized_keys: z.array(sshKey).nullish(),
    booted: z.boolean().nullish(),
    swap_size: z.int().min(0).nullish(),
    backups_enabled: z.boolean().nullish(),
    firewall_id: z.int().nullish(),
    metadata: z.strictObject({ user_data: userData.nullish() }).nullish(),
    disk_encryption: z.enum(["enabled", "disabled"]).nullish(),
    interface_generation: z.enum(["legacy_config", "linode"]).nullish(),
    alerts: alerts.nullish(),
    authorized_users: notEmulated,
    backup_id: notEmulated,
    interfaces: notEmulated,
    ipv4: notEmulated,
    maintenance_policy: notEmulated,
    network_helper: notEmulated,
    placement_group: notEmulated,
    private_ip: notEmulated,
    stackscript_id: notEmulated,
    stackscript_data: notEmulated,
  })
  .refine((body) => Boolean(body.root_pass) || (body.authorized_keys ?? []).length > 0, {
    path: ["root_pass"],
    message: "A root_pass or authorized_keys is required to deploy an image",
  });

/** Body of `PUT /linode/instances/ID`. */
export const updateSchema = z.strictObject({
  label: label.nullish(),
  group: z.string().nullish(),
  tags: tags.nullish(),
  alerts: alerts.nullish(),
  watchdog_enabled: z.boolean().nullish(),
  backups: notEmulated,
  maintenance_policy: notEmulated,
});

/** Body of `POST /linode/instances/ID/resize`. */
export const resizeSchema = z.strictObject({
  type: typeId,
  allow_auto_disk_resize: z.boolean().nullish(),
  migration_type: z.enum(["cold", "warm"]).nullish(),
});

export type CreateRequest = z.infer<typeof createSchema>;
