/**
 * A program of this project with all that it imports, as one JavaScript file. The file is made anew, in a fifth of a
 * second, when a source has changed. docs/decisions/program-bundle.md says what that is good for.
 */
const { spawnSync } = require("node:child_process");
const { readFileSync, statSync } = require("node:fs");
const { join, relative } = require("node:path");

const root = join(__dirname, "..");

/** True where no source is of another time or size than in the first line of the bundle. */
function fresh(bundle) {
  try {
    // Only this line is made a text of: all of the bundle would take 8 ms.
    const bytes = readFileSync(bundle);
    const stamps = JSON.parse(bytes.toString("utf8", "//".length, bytes.indexOf("\n")));
    return Object.entries(stamps).every(([path, [time, size]]) => {
      const now = statSync(join(root, path));
      return now.mtimeMs === time && now.size === size;
    });
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

/** The exports of `entry`, a path below the project; `name` is the bundle's. */
exports.bundled = (entry, name) => {
  // Two folders below the root, as the sources are: they find templates/ and host/ from where they are.
  const bundle = join(root, `.mailstack/bundle/${name}.cjs`);
  if (!fresh(bundle)) {
    const words = [join(__dirname, "bundle.mjs"), entry, bundle];
    const made = spawnSync(process.execPath, words, { encoding: "utf8" });
    if (made.status !== 0) {
      const { RunError } = require("@pulumi/pulumi/errors");
      const why = made.error?.message ?? made.stderr.trim();
      throw new RunError(`${relative(process.cwd(), bundle)} could not be made from ${entry}:\n${why}`);
    }
  }
  // The SDK sends the engine a debug message at each step of each resource, a thousand calls that nobody reads.
  if (!process.env.MAILSTACK_SDK_DEBUG) require("@pulumi/pulumi/log").debug = () => Promise.resolve();
  return require(bundle);
};
