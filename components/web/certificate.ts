import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderCertificate, type CertificateSettings } from "./certificate.render";

/** A certificate of the ACME authority, renewed on the host. */
export class Certificate extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<CertificateSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      {
        type: "web:Certificate",
        service: "certificate",
        host,
        bundle: pulumi.output(settings).apply(renderCertificate),
      },
      opts,
    );
  }
}
