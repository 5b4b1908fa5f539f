import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";
import { Service } from "./service";
import { renderResolver, type ResolverSettings } from "./resolver.render";

/** A validating resolver on the host itself. */
export class Resolver extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<ResolverSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "host:Resolver", service: "resolver", host, bundle: pulumi.output(settings).apply(renderResolver) },
      opts,
    );
  }
}
