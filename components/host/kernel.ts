import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";
import { renderKernel, type KernelSettings } from "./kernel.render";
import { Service } from "./service";

/** Kernel and network settings, and the clock. */
export class Kernel extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<KernelSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderKernel);
    super(name, { type: "host:Kernel", service: "kernel", host, bundle }, opts);
  }
}
