import * as pulumi from "@pulumi/pulumi";
import { renderConnections, type ConnectionsSettings } from "./connections.render";
import type { Host } from "./host";
import { Service } from "./service";

/** Limits of connections for each client. */
export class Connections extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<ConnectionsSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderConnections);
    super(name, { type: "host:Connections", service: "connections", host, bundle }, opts);
  }
}
