import type { Bundle } from "../rendering/bundle";

/** Settings of Redis, which keeps Rspamd's Bayes tokens, rate limits and greylist. */
export interface RedisSettings {
  /** Memory limit in MiB. Default 64; entries that expire soonest go first. */
  maxMemoryMb?: number;
}

export function renderRedis(_settings: RedisSettings): Bundle {
  throw new Error("not written yet");
}
