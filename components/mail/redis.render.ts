import { applySysctl } from "../host/sysctl";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of Redis, which keeps Rspamd's Bayes tokens, rate limits and greylist. */
export interface RedisSettings {
  /** Memory limit in MiB. Default 64; entries that nobody asked for the longest go first. */
  maxMemoryMb?: number;
}

export const redisPackages = ["redis-server"];

/** Where Redis answers; Debian's own path. Who is in {@link redisGroup} can open it. */
export const redisSocket = "/run/redis/redis-server.sock";
export const redisGroup = "redis";

/** Redis at {@link redisSocket}, without any port: it asks nobody for a password. */
export function renderRedis(settings: RedisSettings): Bundle {
  const sysctl = "/etc/sysctl.d/60-mailstack-redis.conf";
  return {
    service: "redis",
    packages: redisPackages,
    files: filesFrom(
      "redis",
      { "/etc/redis/redis.conf": { owner: "redis:redis", mode: "0640" }, [sysctl]: {} },
      { maxMemoryMb: settings.maxMemoryMb ?? 64, redisSocket },
    ),
    prepare: [applySysctl(sysctl)],
    units: { "redis-server.service": { onChange: "restart" } },
    health: [{ run: ["redis-cli", "-s", redisSocket, "ping"] }],
  };
}
