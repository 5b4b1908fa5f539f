/**
 * Lints and format-checks the Python of the host program with ruff, from npm, so that no Python tool has to be there.
 * Usage: check-python.ts [--write]; rewrites files with --write. Exit code 1 when something is left to fix.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";

/** What changes files by path, for one module alone: each `"os.chown".msg = "..."` of the linter's own configuration. */
const banned = [...readFileSync("host/ruff.toml", "utf8").matchAll(/^"([a-z0-9.]+)"\.msg = "(.+)"$/gm)];
if (banned.length === 0) throw new Error("host/ruff.toml bans nothing");

/** Bugs, imports, modern syntax and simplifications; the defaults of ruff and these. */
const options = {
  "line-length": 120,
  "target-version": "py311",
  lint: {
    select: ["E", "F", "W", "B", "I", "UP", "TID251"],
    "flake8-tidy-imports": { "banned-api": Object.fromEntries(banned.map(([, name, msg]) => [name, { msg }])) },
  },
};
const mayChangeFiles = /^host\/(tests\/|bootstrap\.py$|mailstack\/safe_path\.py$)/;

const write = process.argv.includes("--write");
const ruff = new Workspace(options, PositionEncoding.Utf8);
let faults = 0;
for (const file of globSync("{host,tests/fuzz}/**/*.py").sort()) {
  const source = readFileSync(file, "utf8");
  const formatted = ruff.format(source);
  if (formatted !== source) {
    if (write) writeFileSync(file, formatted);
    else report(file, 1, "is not formatted; run: npm run format");
  }
  for (const found of ruff.check(formatted))
    if (found.code !== "TID251" || !mayChangeFiles.test(file))
      report(file, found.start_location.row, `${found.code}: ${found.message}`);
}
if (faults > 0) process.exitCode = 1;

function report(file: string, row: number, message: string): void {
  faults += 1;
  console.error(`${file}:${row}: ${message}`);
}
