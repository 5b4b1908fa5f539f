import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderSenders, type SendersSettings } from "./senders.render";

/** What decides who may write as whom, and whose mail is signed. */
export class Senders extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<SendersSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "mail:Senders", service: "senders", host, bundle: pulumi.output(settings).apply(renderSenders) },
      opts,
    );
  }
}
