import { setTimeout as sleep } from "node:timers/promises";

/** A busy machine needs more than a test expects. Shorter than five minutes: then Postfix tries again by itself. */
const patience = 120;

/**
 * Waits until something holds, looking ten times a second.
 * @param expected - Seconds that it may take; a shorter time than two minutes is not held against a busy machine.
 * @throws Error that names it
 */
export async function until(what: string, holds: () => Promise<boolean>, expected = patience): Promise<void> {
  const seconds = Math.max(expected, patience);
  for (const end = Date.now() + seconds * 1000; !(await holds()); await sleep(100))
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
}
