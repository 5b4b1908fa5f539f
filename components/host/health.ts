import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";

/** Arguments of {@link HostHealth}. */
export interface HostHealthArgs {
  host: Host;
}

/**
 * The whole host seen as a user would see it: `mailstack status` must find every service well. What sends the world's
 * mail here waits for this.
 */
export class HostHealth extends pulumi.ComponentResource {
  constructor(name: string, args: HostHealthArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:host:HostHealth", name, {}, opts);
    // Its output is not used: load and queue length would make a difference at each run.
    args.host.run(name, { arguments: "status >&2" }, { parent: this });
    this.registerOutputs({});
  }
}
