import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";

/** Arguments of {@link HostHealth}. */
export interface HostHealthArgs {
  host: Host;
  /** Name of the host: under another one it is looked at again, before mail is led there. */
  hostname: string;
}

/**
 * The whole host seen as a user would see it: `mailstack status` must report every service healthy. What sends the world's
 * mail here waits for this.
 */
export class HostHealth extends pulumi.ComponentResource {
  constructor(name: string, args: HostHealthArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:host:HostHealth", name, {}, opts);
    // Backups are for later, and a relay is somebody else's. Of the DNS the world sees what was there before, until the records
    // that follow. Its output is not used: load and queue length would make a difference at each run.
    const without = ["published", "backup", "'restore test'", "alerts", "relay"]
      .map((check) => `--without ${check}`)
      .join(" ");
    args.host.run(name, { arguments: `status ${without} >&2`, stdin: args.hostname }, { parent: this });
    this.registerOutputs({});
  }
}
