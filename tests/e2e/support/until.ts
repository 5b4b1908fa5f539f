import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds, looking ten times a second. @throws Error that names it, after so many seconds. */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 20): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await holds()); await sleep(100))
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
}
