import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderSpamAssassin, type SpamAssassinSettings } from "./spamassassin.render";

/** A second opinion on spam. */
export class SpamAssassin extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<SpamAssassinSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = pulumi.output(settings).apply(renderSpamAssassin);
    super(name, { type: "mail:SpamAssassin", service: "spamassassin", host, bundle }, opts);
  }
}
