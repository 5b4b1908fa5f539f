import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderNginx, type NginxSettings } from "./nginx.render";

/** The web server. */
export class Nginx extends Service {
  constructor(name: string, host: Host, settings: pulumi.Input<NginxSettings>, opts?: pulumi.ComponentResourceOptions) {
    const bundle = pulumi.output(settings).apply(renderNginx);
    super(name, { type: "web:Nginx", service: "nginx", host, bundle }, opts);
  }
}
