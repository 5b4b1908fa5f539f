/** What `pulumi` runs: index.ts with all that it imports. */
const { bundled } = require("./program/bundled.cjs");

module.exports = bundled("index.ts", "program");
