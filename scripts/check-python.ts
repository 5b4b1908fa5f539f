/**
 * Lints and format-checks the Python of the host program with ruff, from npm, so that no Python tool has to be there.
 * Usage: check-python.ts [--write]; rewrites files with --write. Exit code 1 when something is left to mend.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";

/** Bugs, imports, modern syntax and simplifications; the defaults of ruff and these. */
const options = { "line-length": 120, "target-version": "py311", lint: { select: ["E", "F", "W", "B", "I", "UP"] } };

const write = process.argv.includes("--write");
const ruff = new Workspace(options, PositionEncoding.Utf8);
let faults = 0;
for (const file of globSync("host/**/*.py").sort()) {
  const source = readFileSync(file, "utf8");
  const formatted = ruff.format(source);
  if (formatted !== source) {
    if (write) writeFileSync(file, formatted);
    else report(file, 1, "is not formatted; run: npm run format");
  }
  for (const found of ruff.check(formatted)) report(file, found.start_location.row, `${found.code}: ${found.message}`);
}
if (faults > 0) process.exitCode = 1;

function report(file: string, row: number, message: string): void {
  faults += 1;
  console.error(`${file}:${row}: ${message}`);
}
