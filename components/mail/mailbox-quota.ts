import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderMailboxQuota } from "./mailbox-quota.render";

/** What refuses mail to full mailboxes while the sender is still there. */
export class MailboxQuota extends Service {
  constructor(name: string, host: Host, opts?: pulumi.ComponentResourceOptions) {
    super(name, { type: "mail:MailboxQuota", service: "mailbox-quota", host, bundle: renderMailboxQuota() }, opts);
  }
}
