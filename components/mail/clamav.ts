import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderClamAv, type ClamAvSettings } from "./clamav.render";

/** What looks for viruses in mail. */
export class ClamAv extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<ClamAvSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderClamAv);
    super(name, { type: "mail:ClamAv", service: "clamav", host, bundle }, opts);
  }
}
