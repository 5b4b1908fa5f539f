/** The files in which the version of this project stands, as a release writes them. */
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file with its new text. */
export interface Versioned {
  file: string;
  text: string;
}

const manifests = ["package.json", "package-lock.json", "sdk/schema.json"];
/** The package as a dependency, and as the file that `npm pack` writes. */
const named = /(?<="mailstack": "|\bmailstack-)\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?(?="|\.tgz)/g;

/** What tells of earlier releases, or of the versions of other programs. */
const others =
  /^(CHANGELOG\.md|tests\/unit\/recorded\/.*|local-cloud\/engine\/.*|(.*\/)?(package-lock\.json|go\.(mod|sum)))$/;

/**
 * The tracked files that do not have the version yet; only the version changes in them.
 * @throws Error when a file names the version before, or already the new one, in a place that no release rewrites: the
 * tests of the pushed tag would find it, too late.
 */
export function versioned(folder: string, version: string): Versioned[] {
  const files = textsOf(folder);
  const versions = new Set([version]);
  const bare = files.map(({ file, text }) => ({
    file,
    text: rewritten(file, text, (present) => versions.add(present) && ""),
  }));
  const left = bare.flatMap(({ file, text }) => linesWith([...versions], file, text));
  if (left.length > 0)
    throw new Error(
      `a release would leave these versions as they are; write the lines without them, or let scripts/release-files.ts ` +
        `rewrite them:\n${left.join("\n")}`,
    );
  return files.flatMap(({ file, text: before }) => {
    const text = rewritten(file, before, () => version);
    return text === before ? [] : [{ file, text }];
  });
}

function textsOf(folder: string): Versioned[] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 });
  return listed
    .split("\0")
    .filter((file) => file && lstatSync(join(folder, file), { throwIfNoEntry: false })?.isFile())
    .sort()
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
}

function rewritten(file: string, text: string, replace: (present: string) => string): string {
  if (/^(docs|examples)\//.test(file)) return text.replace(named, replace);
  if (!manifests.includes(file)) return text;
  const { version: present } = JSON.parse(text) as { version: string };
  // In the lock file the version of the project stands twice, both times before any package; in the schema once.
  const packages = text.indexOf('"dependencies"');
  const head = packages < 0 ? text.length : packages;
  return (
    text.slice(0, head).replaceAll(`"version": "${present}"`, () => `"version": "${replace(present)}"`) +
    text.slice(head)
  );
}

/** The lines of a file with one of the versions, as `file:line: text`. */
function linesWith(versions: string[], file: string, text: string): string[] {
  if (others.test(file)) return [];
  const any = versions.map((version) => version.replaceAll(".", "\\.")).join("|");
  // Not within a longer version: X.Y.Z is not in X.Y.Z-rc.1, nor in 1X.Y.Z.
  const whole = new RegExp(`(?<![0-9.])(${any})(?![0-9A-Za-z]|\\.[0-9]|-[0-9A-Za-z])`, "g");
  return text.split("\n").flatMap((line, at) => {
    const own = [...line.matchAll(whole)].some(({ index }) => !isOthers(file, line.slice(0, index)));
    return own ? [`${file}:${at + 1}: ${line.trim()}`] : [];
  });
}

/** Whether it is the version of another package: `"NAME": "VERSION"`, or the policy pack's own. */
function isOthers(file: string, before: string): boolean {
  const name = /"([^"]+)"[:,] "[~^]?$/.exec(before)?.[1];
  if (name === "version") return file === "policy/package.json";
  return name !== undefined && name !== "mailstack";
}
