import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderDovecot, type DovecotSettings } from "./dovecot.render";

/** The mailbox server: IMAPS, POP3S, LMTP and the check of passwords. */
export class Dovecot extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<DovecotSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "mail:Dovecot", service: "dovecot", host, bundle: pulumi.output(settings).apply(renderDovecot) },
      opts,
    );
  }
}
