import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../deployment/host";
import { Service } from "../deployment/service";
import { renderPublished, type PublishedSettings } from "./published.render";

/** What the stack has published in the DNS, told to the host, which looks whether it is still there. */
export class Published extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<PublishedSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderPublished);
    super(name, { type: "dns:Published", service: "published", host, bundle }, opts);
  }
}
