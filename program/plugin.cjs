/**
 * What the engine runs for programs in other languages: the component package, see PulumiPlugin.yaml. In the npm package,
 * which has no sources to bundle, `main` is the library, for tools that do not read `exports`.
 */
const { existsSync } = require("node:fs");
const { join } = require("node:path");

module.exports = existsSync(join(__dirname, "bundled.cjs"))
  ? require("./bundled.cjs").bundled("components/package/provider.ts", "plugin").serve()
  : require("../lib/index.js");
