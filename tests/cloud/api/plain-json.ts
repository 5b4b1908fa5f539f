import { readFileSync } from "node:fs";
import Module from "node:module";

/**
 * Import this before a package that has `require("x.json")`. tsx 4.23 on Node 22.23 hands such files to Node's JSON reader
 * as JavaScript, and it fails.
 */
const { _extensions: extensions } = Module as unknown as {
  _extensions: Record<string, (module: { exports: unknown }, file: string) => void>;
};
extensions[".json"] = (module, file) => {
  module.exports = JSON.parse(readFileSync(file, "utf8"));
};
