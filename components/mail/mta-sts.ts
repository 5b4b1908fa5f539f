import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderMtaSts, type MtaStsSettings } from "./mta-sts.render";

/** The policy about TLS that other mail servers look up. */
export class MtaSts extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<MtaStsSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderMtaSts);
    super(name, { type: "mail:MtaSts", service: "mta-sts", host, bundle }, opts);
  }
}
