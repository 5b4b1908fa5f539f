import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";
import { Service } from "./service";
import { renderPackages, type PackagesSettings } from "./packages.render";

/** All Debian packages of the stack, in one transaction. */
export class Packages extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<PackagesSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "host:Packages", service: "packages", host, bundle: pulumi.output(settings).apply(renderPackages) },
      opts,
    );
  }
}
