import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** How the deployer reaches the host as root. */
export interface ConnectionArgs {
  /** IPv4 address; a name would need the DNS that this very program makes. */
  address: pulumi.Input<string>;
  /** OpenSSH private key of the deployer. */
  privateKey: pulumi.Input<string>;
  /** The host's ed25519 public key: always known, so that the first connection is verified too. */
  hostKey: pulumi.Input<string>;
}

/**
 * The only place that builds a connection. An unknown field would make Pulumi print the object with its private key.
 * @param patience - Dial tries: 60 last about four minutes and are for a host that is booting; 10 last eleven seconds.
 */
export function connection(args: ConnectionArgs, patience: 60 | 10): pulumi.Input<types.input.remote.ConnectionArgs> {
  return pulumi.secret({
    host: args.address,
    port: 22,
    user: "root",
    privateKey: args.privateKey,
    hostKey: args.hostKey,
    dialErrorLimit: patience,
    perDialTimeout: 15,
  });
}
