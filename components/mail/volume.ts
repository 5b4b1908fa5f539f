import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderVolume, type VolumeSettings } from "./volume.render";

/** Mail on the volume that is attached to the host. */
export class Volume extends Service {
  constructor(name: string, host: Host, settings: VolumeSettings, opts?: pulumi.ComponentResourceOptions) {
    super(name, { type: "mail:Volume", service: "volume", host, bundle: renderVolume(settings) }, opts);
  }
}
