/** Folders of the cache that are complete or not there, however many runs make them at once. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../places";

export const engineCache = join(cacheFolder, "engine");

/**
 * The folder `name` of the engine's cache; `fill` makes it where it is missing.
 * @param fill - Gets an empty folder, and the place to which it is moved when it is done.
 */
export async function cached(name: string, fill: (folder: string, place: string) => Promise<void>): Promise<string> {
  const place = join(engineCache, name);
  if (existsSync(place)) return place;
  mkdirSync(engineCache, { recursive: true });
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
