import { createHash } from "node:crypto";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { secretNames, type Bundle } from "./bundle";
import type { Host } from "./host";

/** Arguments of a {@link Service}. */
export interface ServiceArgs {
  host: Host;
  /** Type token without the project, `folder:Noun`. */
  type: string;
  /** Name of the bundle; `mailstack apply NAME` on the host. */
  service: string;
  /**
   * Everything the host must hold. Not secret, so that `pulumi preview --diff` shows the changed lines of the host's
   * files; secrets are only named in it.
   */
  bundle: pulumi.Input<Bundle>;
  /** See `ServiceSpec.confirm`. */
  confirm?: string;
}

/**
 * One service on a host: one bundle, one remote command. Services on a host run one after the other by `dependsOn`. The same
 * bundle is applied again when a secret that it names has a new value.
 */
export class Service extends pulumi.ComponentResource {
  /** What the bundle's `outputs` programs printed, by name. */
  readonly results: pulumi.Output<Record<string, string>>;
  /** The command that makes the bundle true. */
  readonly applied: command.remote.Command;

  constructor(name: string, args: ServiceArgs, opts: pulumi.ComponentResourceOptions = {}) {
    // The component itself waits for nothing: only the command does, and a preview or an `up` without changes is faster.
    const { dependsOn, ...own } = opts;
    super(`mailstack:${args.type}`, name, {}, own);
    const bundle = pulumi.output(args.bundle);
    this.applied = args.host.run(
      name,
      {
        arguments: `apply ${args.service}`,
        secrets: bundle.apply(secretNames),
        stdin: bundle.apply((plain) => `${JSON.stringify(plain, undefined, 1)}\n`),
      },
      { parent: this, dependsOn },
    );
    this.results = this.applied.stdout.apply(parseResults);
    if (args.confirm) this.confirm(`${name}-confirmed`, args.host, args.confirm, bundle);
    this.registerOutputs({ results: this.results });
  }

  /** Another bundle needs another proof. */
  private confirm(name: string, host: Host, arguments_: string, bundle: pulumi.Output<Bundle>): void {
    const stdin = bundle.apply((plain) => createHash("sha256").update(JSON.stringify(plain)).digest("hex"));
    host.run(name, { arguments: arguments_, stdin }, { parent: this, dependsOn: [this.applied] });
  }
}

function parseResults(stdout: string): Record<string, string> {
  const answer = JSON.parse(stdout) as { outputs?: Record<string, string> };
  return answer.outputs ?? {};
}
