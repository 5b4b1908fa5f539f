import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderSrs, type SrsSettings } from "./srs.render";

/** What rewrites the senders of forwarded mail. */
export class Srs extends Service {
  constructor(name: string, host: Host, settings: pulumi.Input<SrsSettings>, opts?: pulumi.ComponentResourceOptions) {
    const bundle = pulumi.output(settings).apply(renderSrs);
    super(name, { type: "mail:Srs", service: "srs", host, bundle }, opts);
  }
}
