import { mkdirSync } from "node:fs";
import { lock } from "proper-lockfile";

/** The lock of a killed run counts no longer after this. */
const staleSeconds = 15;

/** What one run at a time may do. */
export interface Alone {
  /** Folder that the work is about; made where it is missing. */
  folder: string;
  /** Where the lock is; outside of the folder when the work may remove that. */
  lockFile: string;
  /** What the other run is doing, for messages: "another run is ...". */
  doing: string;
  patienceSeconds: number;
  progress: (line: string) => void;
}

/**
 * Does `work` while no other run holds the lock; waits for it, and says so.
 * @throws Error when the other run does not end in time.
 */
export async function alone<T>({ folder, lockFile, doing, ...more }: Alone, work: () => Promise<T>): Promise<T> {
  const { patienceSeconds, progress } = more;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const place = { lockfilePath: lockFile, stale: staleSeconds * 1000 };
  const refused = (error: NodeJS.ErrnoException) => {
    if (error.code !== "ELOCKED") throw error;
    return undefined;
  };
  let release = await lock(folder, place).catch(refused);
  if (!release) {
    progress(`another run is ${doing}; waiting for it to end`);
    const retries = { retries: patienceSeconds, factor: 1, minTimeout: 1000, maxTimeout: 1000 };
    release = await lock(folder, { ...place, retries }).catch(refused);
  }
  if (!release) throw new Error(`another run is ${doing} and did not end in ${patienceSeconds / 60} minutes`);
  try {
    return await work();
  } finally {
    await release();
  }
}
