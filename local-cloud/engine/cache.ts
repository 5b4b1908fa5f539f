/** Folders of the cache that are complete or not there, however many runs make them at once. */
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../places";

export const engineCache = join(cacheFolder, "engine");

/** After this time an unfinished folder is of a run that was killed, in milliseconds. */
const abandonedAfter = 24 * 3600 * 1000;

/**
 * The folder `name` of the engine's cache; `fill` makes it where it is missing.
 * @param fill - Gets an empty folder, and the place to which it is moved when it is done.
 */
export async function cached(name: string, fill: (folder: string, place: string) => Promise<void>): Promise<string> {
  const place = join(engineCache, name);
  if (existsSync(place)) return place;
  mkdirSync(engineCache, { recursive: true });
  removeAbandoned();
  const work = await mkdtemp(join(engineCache, ".making-"));
  try {
    await fill(work, place);
    renameSync(work, place);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    // Another run was faster.
    if (!existsSync(place)) throw error;
  }
  return place;
}

function removeAbandoned(): void {
  for (const folder of globSync(join(engineCache, ".making-*"))) {
    const made = statSync(folder, { throwIfNoEntry: false });
    if (made && Date.now() - made.mtimeMs > abandonedAfter) rmSync(folder, { recursive: true, force: true });
  }
}
