/**
 * Lints and format-checks all Python of this repository with ruff, from npm, so that no Python tool has to be there. What
 * host/ruff.toml says counts everywhere. Usage: check-python.ts [--write]; rewrites files with --write. Exit code 1 when
 * something is left to fix.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { matchesGlob, relative } from "node:path";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";
import { parse } from "smol-toml";

interface Options {
  lint: { "per-file-ignores": Record<string, string[]> };
}

const options = parse(readFileSync("host/ruff.toml", "utf8")) as unknown as Options;
/** It looks at texts, and does not know their files. */
const ignored = Object.entries(options.lint["per-file-ignores"]);
const isIgnored = (file: string, code: string) =>
  ignored.some(
    ([glob, codes]) => matchesGlob(relative("host", file), glob) && codes.some((one) => code.startsWith(one)),
  );

const write = process.argv.includes("--write");
const ruff = new Workspace(options, PositionEncoding.Utf8);
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.py"]);
const files = listed.toString().trim().split("\n");
let faults = 0;
for (const file of files) {
  const source = readFileSync(file, "utf8");
  const formatted = ruff.format(source);
  if (formatted !== source) {
    if (write) writeFileSync(file, formatted);
    else report(file, 1, "is not formatted; run: npm run format");
  }
  for (const { code, message, start_location } of ruff.check(formatted))
    if (!isIgnored(file, code ?? "")) report(file, start_location.row, `${code}: ${message}`);
}
if (faults > 0) process.exitCode = 1;

function report(file: string, row: number, message: string): void {
  faults += 1;
  console.error(`${file}:${row}: ${message}`);
}
