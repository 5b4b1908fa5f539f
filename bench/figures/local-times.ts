import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { stopCloud } from "../../local-cloud/cloud/lifecycle";
import type { Figure } from "../figure";
import { timed } from "../measure";

const minute = 60;

/** `npm run local` with nothing cached: engine, images and Debian packages are made and fetched anew. */
export const localCold: Figure = {
  name: "local-cold",
  about: "npm run local with an empty cache (takes long)",
  byDefault: false,
  async measure() {
    const cache = mkdtempSync(join(tmpdir(), "mailstack-cold-"));
    try {
      const seconds = await localRun("benchcold", { MAILSTACK_CACHE: cache });
      const detail = "empty MAILSTACK_CACHE, npm packages installed";
      return [{ what: "`npm run local`, cold", value: seconds, unit: "s", atMost: 15 * minute, detail }];
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  },
};

/** `npm run local` of a new cloud with the caches of earlier ones. */
export const localWarm: Figure = {
  name: "local-warm",
  about: "npm run local of a new cloud, caches warm",
  byDefault: false,
  async measure() {
    const seconds = await localRun("benchwarm", {});
    const detail = "a new cloud, engine and images cached";
    return [{ what: "`npm run local`, warm", value: seconds, unit: "s", atMost: 5 * minute, detail }];
  },
};

async function localRun(cloud: string, env: Record<string, string>): Promise<number> {
  const project = join(__dirname, "../..");
  const run = () =>
    execa("npm", ["run", "--silent", "local", "--", "--cloud", cloud], { cwd: project, env, stderr: "inherit" });
  try {
    return (await timed(run)).seconds;
  } finally {
    await stopCloud(cloud, { purge: true });
  }
}
