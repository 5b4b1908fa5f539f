import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderAutoconfig, type AutoconfigSettings } from "./autoconfig.render";

/** Answers to mail programs that set themselves up. */
export class Autoconfig extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<AutoconfigSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderAutoconfig);
    super(name, { type: "web:Autoconfig", service: "autoconfig", host, bundle }, opts);
  }
}
