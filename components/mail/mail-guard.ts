import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderMailGuard } from "./mail-guard.render";

/** What stands between Postfix and Rspamd, so that no single message keeps the others waiting. */
export class MailGuard extends Service {
  constructor(name: string, host: Host, opts?: pulumi.ComponentResourceOptions) {
    super(name, { type: "mail:MailGuard", service: "mail-guard", host, bundle: renderMailGuard() }, opts);
  }
}
