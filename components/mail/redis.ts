import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import { renderRedis, type RedisSettings } from "./redis.render";

/** Redis, where Rspamd remembers. */
export class Redis extends Service {
  constructor(name: string, host: Host, settings: pulumi.Input<RedisSettings>, opts?: pulumi.ComponentResourceOptions) {
    super(
      name,
      { type: "mail:Redis", service: "redis", host, bundle: pulumi.output(settings).apply(renderRedis) },
      opts,
    );
  }
}
