import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { connection, type ConnectionArgs } from "./connection";
import { hostProgram } from "./host-program";
import { pickDigests } from "./secret-digest";

/** Arguments of a {@link Host}. */
export interface HostArgs extends ConnectionArgs {
  /** The instance that carries the host; its replacement replaces everything on it. */
  instance: pulumi.CustomResource;
  /**
   * A digest of each secret that bundles may name as `@@secret:NAME@@`, by name; see `secretDigest`. Default: there are no
   * secrets.
   */
  secretDigests?: Record<string, pulumi.Input<string>>;
}

/** A booted host with the `mailstack` program on it: the one thing that every service of the host depends on. */
export class Host extends pulumi.ComponentResource {
  private readonly args: HostArgs;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:host:Host", name, {}, opts);
    this.args = args;
    const program = hostProgram();
    new command.remote.Command(
      `${name}-bootstrap`,
      {
        connection: connection(args, 60),
        create: program.command,
        stdin: program.stdin,
        triggers: [args.instance.id],
        logging: "none",
        addPreviousOutputInEnv: false,
      },
      { parent: this, deletedWith: args.instance, customTimeouts: { create: "15m" } },
    );
    this.registerOutputs({});
  }

  /**
   * One command of the `mailstack` program on this host. A changed `stdin` runs it again as an update.
   * @returns the resource; its `stdout` is not secret.
   */
  run(name: string, command_: HostCommand, opts: pulumi.CustomResourceOptions): command.remote.Command {
    return new command.remote.Command(
      name,
      {
        connection: connection(this.args, 10),
        create: `/usr/local/sbin/mailstack ${command_.arguments}`,
        stdin: command_.stdin,
        triggers: pulumi
          .all([this.args.instance.id, this.digestsOf(command_.secrets ?? [])])
          .apply(([id, digests]) => [id, ...digests]),
        logging: "none",
        addPreviousOutputInEnv: false,
      },
      pulumi.mergeOptions(opts, { dependsOn: [this], deletedWith: this.args.instance }),
    );
  }

  private digestsOf(secrets: pulumi.Input<string[]>): pulumi.Output<string[]> {
    const known = this.args.secretDigests ?? {};
    return pulumi.output(secrets).apply((names) => pulumi.all(pickDigests(names, known)));
  }
}

/** What {@link Host.run} runs. */
export interface HostCommand {
  /** Arguments of `mailstack`; part of error messages, so never secret. */
  arguments: string;
  /** JSON for its standard input; wrapped as secret by the caller where it is one. */
  stdin?: pulumi.Input<string>;
  /** Names of secrets: it runs again when one of them has a new value. */
  secrets?: pulumi.Input<string[]>;
}
