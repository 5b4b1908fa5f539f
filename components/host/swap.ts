import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";
import { Service } from "./service";
import { renderSwap, type SwapSettings } from "./swap.render";

/** A swap file. */
export class Swap extends Service {
  constructor(name: string, host: Host, settings: pulumi.Input<SwapSettings>, opts?: pulumi.ComponentResourceOptions) {
    super(name, { type: "host:Swap", service: "swap", host, bundle: pulumi.output(settings).apply(renderSwap) }, opts);
  }
}
