/**
 * What `pulumi` runs: index.ts with all that it imports, as one JavaScript file. The file is made anew, in a fifth of a
 * second, when a source has changed. docs/decisions/program-bundle.md says what that is good for.
 */
const { spawnSync } = require("node:child_process");
const { readFileSync, statSync } = require("node:fs");
const { join, relative } = require("node:path");

const bundle = join(__dirname, ".mailstack/bundle/program.cjs");

/** True where no source is of another time or size than in the first line of the bundle. */
function fresh() {
  try {
    // Only this line is made a text of: all of the bundle would take 8 ms.
    const bytes = readFileSync(bundle);
    const stamps = JSON.parse(bytes.toString("utf8", "//".length, bytes.indexOf("\n")));
    return Object.entries(stamps).every(([path, [time, size]]) => {
      const now = statSync(join(__dirname, path));
      return now.mtimeMs === time && now.size === size;
    });
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

if (!fresh()) {
  const made = spawnSync(process.execPath, [join(__dirname, "program/bundle.mjs"), bundle], { encoding: "utf8" });
  if (made.status !== 0) {
    const { RunError } = require("@pulumi/pulumi/errors");
    const why = made.error?.message ?? made.stderr.trim();
    throw new RunError(`${relative(process.cwd(), bundle)} could not be made from index.ts:\n${why}`);
  }
}

// The SDK sends the engine a debug message at each step of each resource, a thousand calls that nobody reads.
if (!process.env.MAILSTACK_SDK_DEBUG) require("@pulumi/pulumi/log").debug = () => Promise.resolve();

module.exports = require(bundle);
