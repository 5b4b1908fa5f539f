import * as pulumi from "@pulumi/pulumi";
import { renderAccess, type AccessSettings } from "./access.render";
import type { Host } from "./host";
import { Service } from "./service";

/** Who may log in to the host, and how. */
export class Access extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<AccessSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderAccess);
    super(name, { type: "host:Access", service: "access", host, bundle }, opts);
  }
}
