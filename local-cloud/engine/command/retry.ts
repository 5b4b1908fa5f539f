import { setTimeout as pause } from "node:timers/promises";
import type { Call } from "../api-resource";
import { cancellation } from "./cancellation";

/** The vendor's pauses between attempts, in milliseconds (`sdk/go/common/util/retry/until.go`). */
const firstDelay = 100;
const backoff = 1.5;
const longestDelay = 5000;

/**
 * Tries until it succeeds. Every kind of error is tried again, as by the vendor's plugin: a host that boots refuses in
 * many ways.
 * @param limit - Failed attempts that are allowed; -1: no limit.
 * @throws Error with the last attempt's reason; at once when the call is cancelled.
 */
export async function retried<T>(words: string, limit: number, call: Call, attempt: () => Promise<T>): Promise<T> {
  let delay = firstDelay;
  for (let failed = 0; ; failed += 1) {
    if (call.signal.aborted) throw cancellation(call.signal);
    try {
      return await attempt();
    } catch (error) {
      if (call.signal.aborted) throw cancellation(call.signal);
      if (limit >= 0 && failed >= limit) {
        throw new Error(`after ${failed} failed attempts: ${(error as Error).message}`, { cause: error });
      }
      call.status(`${words} ${failed + 1}/${limit < 0 ? "inf" : limit} failed: retrying`);
    }
    await pause(delay, undefined, { signal: call.signal }).catch(() => undefined);
    delay = Math.min(delay * backoff, longestDelay);
  }
}
