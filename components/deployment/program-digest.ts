import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const folder = join(__dirname, "../../host");
/** `from ..a.b import (c, d)`: how modules of the host program import each other. */
const imports = /^[ \t]*from (\.+)([\w.]*) import (?:\(([^)]*)\)|(.+))$/gm;

/**
 * For a bundle's `program`: a digest of modules of the host program and of all that they import. One that runs is the
 * program of before, and a bundle with another digest is applied again.
 * @param modules - Paths below host/mailstack, as `daemons/autoconfig.py`.
 */
export function programDigest(...modules: string[]): string {
  const hash = createHash("sha256");
  for (const file of modulesOf(modules)) hash.update(readFileSync(join(folder, "mailstack", file)));
  return hash.digest("hex").slice(0, 16);
}

/** The modules and those that they import, at their beginning or later, sorted. */
export function modulesOf(modules: readonly string[]): string[] {
  const found = new Set<string>();
  const waiting = [...modules];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(join(folder, "mailstack", file), "utf8");
    for (const [, dots = "", path = "", inBrackets, onLine] of text.matchAll(imports)) {
      const up = Array.from({ length: dots.length - 1 }, () => "..");
      const base = join(dirname(file), ...up, ...path.split("."));
      const names = (inBrackets ?? onLine ?? "").split(",").map((name) => name.trim().split(" ")[0] ?? "");
      waiting.push(...[base, ...names.map((name) => join(base, name))].flatMap(fileOf));
    }
  }
  return [...found].sort();
}

function fileOf(module: string): string[] {
  const files = [`${module}.py`, join(module, "__init__.py")];
  return files.filter((file) => existsSync(join(folder, "mailstack", file)));
}
