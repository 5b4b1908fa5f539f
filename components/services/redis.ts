import { applySysctl } from "../deployment/sysctl";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";

/** Where Redis answers; Debian's own path. Who is in {@link redisGroup} can open it. */
export const redisSocket = "/run/redis/redis-server.sock";
export const redisGroup = "redis";
/** Where templates/redis says, `dir` and `dbfilename`. */
const dump = "/var/lib/redis/dump.rdb";
/** Evicts least-recently-used keys when full. */
const maxMemoryMb = 64;

/** Redis at {@link redisSocket}, without any port: it asks nobody for a password. */
export const redis = defineService({
  name: "redis",
  type: "mail:Redis",
  packages: ["redis-server"],
  render,
});

function render(): BundleBody {
  const sysctl = "/etc/sysctl.d/60-mailstack-redis.conf";
  return {
    files: filesFrom(
      "redis",
      { "/etc/redis/redis.conf": { owner: "redis:redis", mode: "0640" }, [sysctl]: {} },
      { maxMemoryMb, redisSocket },
    ),
    prepare: [applySysctl(sysctl)],
    units: { "redis-server.service": { onChange: "restart" } },
    health: [{ run: ["redis-cli", "-s", redisSocket, "ping"] }],
    // Bayes, the greylist, rate limits.
    state: [{ kind: "redis", path: dump, owner: `redis:${redisGroup}`, mode: "0660", socket: redisSocket }],
  };
}
