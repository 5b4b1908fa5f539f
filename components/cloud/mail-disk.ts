import type { Instance } from "@pulumi/linode/instance";
import { Volume } from "@pulumi/linode/volume";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of a {@link MailDisk}. */
export interface MailDiskArgs {
  /** Its name in the account and, on the host, of its device. */
  label: string;
  region: string;
  /** Size in GB, 10 to 16384. It can only grow: the API refuses a smaller one. */
  sizeGb: number;
  /** The host that it is attached to. A new host gets the same volume. */
  instance: Instance;
  /** Refuse to take it out of the stack. */
  protect: boolean;
}

/** A volume of the provider's that mail is on. Nothing deletes it: out of the stack it stays in the account. */
export class MailDisk extends pulumi.ComponentResource {
  readonly volume: Volume;

  constructor(name: string, args: MailDiskArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:cloud:MailDisk", name, {}, opts);
    this.volume = new Volume(
      name,
      {
        label: args.label,
        region: args.region,
        size: args.sizeGb,
        linodeId: args.instance.id.apply(Number),
        tags: ["mailstack"],
      },
      { parent: this, protect: args.protect, retainOnDelete: true },
    );
    this.registerOutputs({});
  }
}

/** Linode's name of the device, by the volume's label; known before the volume is made, so that previews show it. */
export function volumePath(label: string): string {
  return `/dev/disk/by-id/scsi-0Linode_Volume_${label}`;
}
