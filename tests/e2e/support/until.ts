import { setTimeout as sleep } from "node:timers/promises";

/** A busy machine needs more than a test expects. Shorter than five minutes: then Postfix tries again by itself. */
const patience = 120;

/** Milliseconds between two looks: a look starts programs, so a long wait must not take the processor from what it waits for. */
const pauses = { first: 100, longest: 1000, growth: 1.3 };

/**
 * Waits until something holds, looking ten times a second at first and once a second in the end.
 * @param expected - Seconds that it may take; a shorter time than two minutes is not held against a busy machine.
 * @throws Error that names it
 */
export async function until(what: string, holds: () => Promise<boolean>, expected = patience): Promise<void> {
  const seconds = Math.max(expected, patience);
  const end = Date.now() + seconds * 1000;
  for (let pause = pauses.first; !(await holds()); pause = Math.min(pause * pauses.growth, pauses.longest)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(pause);
  }
}
