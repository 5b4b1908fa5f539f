import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";

/** Arguments of {@link HostSecrets}. */
export interface HostSecretsArgs {
  host: Host;
  /** Name and value; templates name them as `@@secret:NAME@@`. */
  values: Record<string, pulumi.Input<string>>;
}

/** Secrets of the services, in a folder on the host that only root can read. They travel on standard input. */
export class HostSecrets extends pulumi.ComponentResource {
  constructor(name: string, args: HostSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mailstack:host:HostSecrets", name, {}, opts);
    const stdin = pulumi.all(args.values).apply((values) => JSON.stringify(values));
    args.host.run(name, { arguments: "secrets", stdin: pulumi.secret(stdin) }, { parent: this });
    this.registerOutputs({});
  }
}
