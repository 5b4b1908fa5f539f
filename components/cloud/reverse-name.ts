import * as linode from "@pulumi/linode/rdns";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of a {@link ReverseName}. */
export interface ReverseNameArgs {
  address: pulumi.Input<string>;
  /** The name that the address must resolve to; its own A or AAAA record must exist. */
  hostname: string;
}

/** The PTR record of an address of the mail host. Receivers refuse mail from hosts without one (RFC 1912, section 2.1). */
export class ReverseName extends pulumi.ComponentResource {
  constructor(name: string, args: ReverseNameArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:cloud:ReverseName", name, {}, opts);
    new linode.Rdns(
      name,
      { address: args.address, rdns: args.hostname, waitForAvailable: true },
      { parent: this, deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}
