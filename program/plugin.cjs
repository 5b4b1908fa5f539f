/** What the engine runs for programs in other languages: the component package, see PulumiPlugin.yaml. */
const { bundled } = require("./bundled.cjs");

module.exports = bundled("components/package/provider.ts", "plugin").serve();
