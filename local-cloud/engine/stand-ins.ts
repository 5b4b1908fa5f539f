/** The project's own pieces: TypeScript bundled into one file each, for a fast start. */
import { createHash } from "node:crypto";
import { chmodSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { cached } from "./cache";
import { pieces, projectFolder, type Piece } from "./pieces";

const node = join(projectFolder, "node_modules/node/bin/node");
const standIns = pieces.filter((piece) => piece.name !== "pulumi");

/** Paths of the programs of all stand-ins. They are bundled again when a source or a package changes. */
export async function prepareStandIns(progress: (line: string) => void): Promise<Map<Piece["name"], string>> {
  const folder = await cached(`stand-ins-${sourceDigest()}`, async (work, place) => {
    progress("bundling the stand-ins of Pulumi's language host and plugins");
    await bundle(work, place);
  });
  return new Map(standIns.map(({ name, file }) => [name, join(folder, file)]));
}

function sourceDigest(): string {
  const files = globSync("**/*.ts", { cwd: __dirname }).sort();
  const digest = createHash("sha256");
  for (const file of files) digest.update(`${file}\0`).update(readFileSync(join(__dirname, file)));
  // The programs name the interpreter by its path in this tree.
  digest.update(readFileSync(join(projectFolder, "package-lock.json"))).update(node);
  return digest.digest("hex").slice(0, 16);
}

async function bundle(folder: string, place: string): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(standIns.map(({ name }) => [name, join(__dirname, name, "main.ts")])),
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    conditions: ["import"],
    // Only faster ciphers; ssh2 does without them.
    external: ["cpu-features", "*.node"],
    logLevel: "error",
    tsconfigRaw: {},
  });
  for (const { name, file } of standIns) {
    const script = `#!/bin/sh\nexec '${node}' '${join(place, name)}.cjs' "$@"\n`;
    writeFileSync(join(folder, file), script);
    chmodSync(join(folder, file), 0o755);
  }
}
