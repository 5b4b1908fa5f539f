import { applySysctl } from "../host/sysctl";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of Redis, which keeps Rspamd's Bayes tokens, rate limits and greylist. */
export interface RedisSettings {
  /** Memory limit in MiB. Default 64; entries that expire soonest go first. */
  maxMemoryMb?: number;
}

export const redisPackages = ["redis-server"];

/** Redis on 127.0.0.1:6379. */
export function renderRedis(settings: RedisSettings): Bundle {
  const sysctl = "/etc/sysctl.d/60-mailstack-redis.conf";
  return {
    service: "redis",
    packages: redisPackages,
    files: filesFrom(
      "redis",
      { "/etc/redis/redis.conf": { owner: "redis:redis", mode: "0640" }, [sysctl]: {} },
      { maxMemoryMb: settings.maxMemoryMb ?? 64 },
    ),
    prepare: [applySysctl(sysctl)],
    units: { "redis-server.service": { onChange: "restart" } },
    health: [{ run: ["redis-cli", "-h", "127.0.0.1", "ping"] }],
  };
}
