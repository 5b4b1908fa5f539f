import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderRoundcube, type RoundcubeSettings } from "./roundcube.render";

/** The webmail. */
export class Roundcube extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<RoundcubeSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderRoundcube);
    super(name, { type: "web:Roundcube", service: "roundcube", host, bundle }, opts);
  }
}
