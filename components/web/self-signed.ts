import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderSelfSigned, type SelfSignedSettings } from "./certificate.render";

/** A self-signed certificate, so that the daemons start before the first one is issued. */
export class SelfSigned extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<SelfSignedSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "web:SelfSigned", service: "tls", host, bundle: pulumi.output(settings).apply(renderSelfSigned) },
      opts,
    );
  }
}
