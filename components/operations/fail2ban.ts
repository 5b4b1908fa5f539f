import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderFail2ban, type Fail2banSettings } from "./fail2ban.render";

/** Bans for addresses that guess passwords or misuse the mail ports. */
export class Fail2ban extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<Fail2banSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderFail2ban);
    super(name, { type: "operations:Fail2ban", service: "fail2ban", host, bundle }, opts);
  }
}
