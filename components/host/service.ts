import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { secretNames, type Bundle } from "../rendering/bundle";
import type { Host } from "./host";

/** What the base class needs of a service. */
export interface ServiceDefinition {
  /** Type token without the project, `folder:Noun`. */
  type: string;
  /** Name of the bundle; `mailstack apply NAME` on the host. */
  service: string;
  host: Host;
  /**
   * Everything the host must hold. Not secret, so that `pulumi preview --diff` shows the changed lines of the host's
   * files; secrets are only named in it.
   */
  bundle: pulumi.Input<Bundle>;
}

/**
 * Base of a service: one bundle, one remote command. Services on a host run one after the other by `dependsOn`. The same
 * bundle is applied again when a secret that it names has a new value.
 */
export abstract class Service extends pulumi.ComponentResource {
  /** What the bundle's `outputs` programs printed, by name. */
  readonly results: pulumi.Output<Record<string, string>>;
  /** The command that makes the bundle true. */
  protected readonly applied: command.remote.Command;

  constructor(name: string, definition: ServiceDefinition, opts: pulumi.ComponentResourceOptions = {}) {
    // The component itself waits for nothing: only the command does, and a preview or an `up` without changes is faster.
    const { dependsOn, ...own } = opts;
    super(`mailstack:${definition.type}`, name, {}, own);
    const bundle = pulumi.output(definition.bundle);
    this.applied = definition.host.run(
      name,
      {
        arguments: `apply ${definition.service}`,
        secrets: bundle.apply(secretNames),
        stdin: bundle.apply((plain) => `${JSON.stringify(plain, undefined, 1)}\n`),
      },
      { parent: this, dependsOn },
    );
    this.results = this.applied.stdout.apply(parseResults);
    this.registerOutputs({ results: this.results });
  }
}

function parseResults(stdout: string): Record<string, string> {
  const answer = JSON.parse(stdout) as { outputs?: Record<string, string> };
  return answer.outputs ?? {};
}
