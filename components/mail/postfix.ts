import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderPostfix, type PostfixSettings } from "./postfix.render";

/** The mail transfer agent on 25, 587 and 465. */
export class Postfix extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<PostfixSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      { type: "mail:Postfix", service: "postfix", host, bundle: pulumi.output(settings).apply(renderPostfix) },
      opts,
    );
  }
}
