/** Makes a program's one JavaScript file. Usage: node program/bundle.mjs ENTRY FILE. */
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { build } = await import("esbuild").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  process.stderr.write("esbuild is not installed; install every package with: npm ci --include=dev\n");
  process.exit(1);
});

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);
const [entry, target] = process.argv.slice(2);
const started = Date.now();

/** The SDK stays outside: its runner has loaded most of it already, and keeps its state there. */
const sdk = {
  name: "sdk",
  setup({ onResolve }) {
    const parts = { "@pulumi/pulumi": "sdk.cjs", "@pulumi/pulumi/runtime": "sdk-runtime.cjs" };
    onResolve({ filter: /^@pulumi\/pulumi(\/|$)/ }, ({ path, importer }) => {
      const part = dirname(importer) === folder ? undefined : parts[path];
      return part ? { path: join(folder, part) } : { path, external: true };
    });
  },
};

const { outputFiles, metafile } = await build({
  entryPoints: [join(root, entry)],
  absWorkingDir: root,
  outfile: target,
  bundle: true,
  platform: "node",
  // The oldest that package.json allows.
  target: "node22",
  sourcemap: "inline",
  sourcesContent: false,
  tsconfigRaw: {},
  plugins: [sdk],
  metafile: true,
  write: false,
  logLevel: "silent",
}).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

/** Sources of this project, and what says that the packages are others. Packages may be a link to another place. */
const sources = Object.keys(metafile.inputs).filter((path) => !path.includes("node_modules/"));
const stamps = [...sources, "program/bundle.mjs", "node_modules/.package-lock.json"].map((path) => {
  const { mtimeMs, size } = statSync(join(root, path));
  // What changed in the meantime may not be in the bundle.
  return [path, [mtimeMs < started ? mtimeMs : 0, size]];
});

mkdirSync(dirname(target), { recursive: true });
const work = `${target}.${process.pid}`;
writeFileSync(work, `//${JSON.stringify(Object.fromEntries(stamps))}\n${outputFiles[0].text}`);
renameSync(work, target);
