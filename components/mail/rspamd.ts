import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderRspamd, type RspamdSettings } from "./rspamd.render";

/** The spam filter, which also signs with DKIM; `results` holds the public keys, see `dkimOutput`. */
export class Rspamd extends Service {
  constructor(
    name: string,
    host: Host,
    settings: pulumi.Input<RspamdSettings>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      name,
      {
        type: "mail:Rspamd",
        service: "rspamd",
        host,
        bundle: pulumi.output(settings).apply(renderRspamd),
      },
      opts,
    );
  }
}
