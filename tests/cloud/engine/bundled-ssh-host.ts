import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

/**
 * `ssh-host.ts` as one file: with `--conditions=import`, tsx makes a module of ssh2's package.json, which ssh2 then
 * cannot read.
 */
export function loadSshHost(): typeof import("./ssh-host") {
  const folder = mkdtempSync(join(tmpdir(), "ssh-host-"));
  const outfile = join(folder, "ssh-host.cjs");
  const entryPoints = [join(__dirname, "ssh-host.ts")];
  try {
    buildSync({ entryPoints, outfile, bundle: true, platform: "node", external: ["cpu-features", "*.node"] });
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require(outfile) as typeof import("./ssh-host");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
