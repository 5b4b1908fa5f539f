import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { connection, type ConnectionArgs } from "./connection";

/**
 * Looks whether a host has handed over its work; fails on one that is at work, and on one that does not answer. Whatever
 * replaces the host depends on it.
 * @param host - ID of the instance: another one is looked at anew.
 */
export function handedOver(
  name: string,
  host: string,
  args: ConnectionArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new command.remote.Command(
    name,
    {
      connection: connection(args, 10),
      create: "/usr/local/sbin/mailstack backup handed-over",
      triggers: [host],
      logging: "none",
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
