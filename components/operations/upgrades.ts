import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderUpgrades, type UpgradesSettings } from "./upgrades.render";

/** Security updates that install themselves. */
export class Upgrades extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<UpgradesSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderUpgrades);
    super(name, { type: "operations:Upgrades", service: "upgrades", host, bundle }, opts);
  }
}
