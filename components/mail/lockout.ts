import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderLockout, type LockoutSettings } from "./lockout.render";

/** The lockout of accounts after wrong passwords. */
export class Lockout extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<LockoutSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderLockout);
    super(name, { type: "mail:Lockout", service: "lockout", host, bundle }, opts);
  }
}
