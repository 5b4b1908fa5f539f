import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderLogs, type LogsSettings } from "./logs.render";

/** Logs of the host: journal, text files, rotation, a daily report. */
export class Logs extends Service {
  constructor(name: string, host: Host, settings: pulumi.Input<LogsSettings>, opts?: pulumi.ComponentResourceOptions) {
    const bundle = pulumi.output(settings).apply(renderLogs);
    super(name, { type: "operations:Logs", service: "logs", host, bundle }, opts);
  }
}
