import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderAccounts, type AccountsSettings } from "./accounts.render";

/** Mailboxes, aliases and hosted domains. A change restarts nothing. */
export class Accounts extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<AccountsSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "mail:Accounts", service: "accounts", host, bundle: pulumi.output(settings).apply(renderAccounts) },
      opts,
    );
  }
}
