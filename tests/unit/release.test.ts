import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPrerelease, sectionOf } from "../../scripts/changelog";
import { versioned } from "../../scripts/release-files";
import { commandsOf, wordsOf } from "../support/documents";

// Programs are started, on a machine that may be busy.
jest.setTimeout(120_000);

const root = join(__dirname, "../..");
// Older than this project: a release looks for the version before it in this file too.
const changelog = `# Changelog

## [Unreleased]

## [0.2.0-rc.1] - 2026-11-29
### Added
# A line that git would take for a comment.
- Something.

## [0.1.0] - 2026-10-01
- Older.

[0.1.0]: https://example.org
`;
const own = { name: "mailstack", version: "0.1.0" };
/** What another package names is its own. */
const dependencies = { y: "0.1.0", z: "^0.1.0" };
const lock = { ...own, packages: { "": { ...own, dependencies } } };
const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

let folder: string;
let scripts: string;
const git = (...words: string[]) => execFileSync("git", words, { cwd: folder }).toString().trim();
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const version = (name: string) => (JSON.parse(readFileSync(join(folder, name), "utf8")) as { version: string }).version;

/** The script as one file: loading its parts one by one would take most of the time of these tests. */
let program: string;

/** The script, in the folder of this test. */
function release(...words: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) =>
    execFile(join(root, "node_modules/node/bin/node"), [program, ...words], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailstack-release-"));
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "Somebody");
  git("config", "user.email", "somebody@example.org");
  write("CHANGELOG.md", changelog);
  for (const name of ["sdk", "docs", "policy", "examples/one", "examples/two"])
    mkdirSync(join(folder, name), { recursive: true });
  write("package.json", json({ ...own, dependencies }));
  write("package-lock.json", json(lock));
  write("sdk/schema.json", json(own));
  write("policy/package.json", json({ name: "mailstack-policy", version: "0.1.0" }));
  write("examples/one/package.json", json({ dependencies: { ...dependencies, mailstack: "0.1.0" } }));
  // Left behind by a release that did not know of it.
  write("examples/two/package.json", json({ dependencies: { ...dependencies, mailstack: "0.0.9-rc.2" } }));
  write(
    "docs/library.md",
    'Name the file: `"mailstack": "file:../mailstack/mailstack-0.1.0.tgz"`; 0.1.0.1 and 10.1.0 are others.\n',
  );
  git("add", ".");
  git("commit", "--quiet", "--message", "First");
  scripts = mkdtempSync(join(tmpdir(), "mailstack-release-script-"));
  program = join(scripts, "release.cjs");
  const bundled = ["--bundle", "--platform=node", "--log-level=error", `--outfile=${program}`];
  execFileSync(join(root, "node_modules/.bin/esbuild"), [join(root, "scripts/release.ts"), ...bundled]);
});
afterAll(() => {
  for (const each of [folder, scripts]) rmSync(each, { recursive: true });
});

test("a release refuses what is no version, has no or an empty section, and a tree with changes; it leaves no trace", async () => {
  write("CHANGELOG.md", `${changelog}\n## [3.0.0] - 2026-12-01\n`);
  git("commit", "--quiet", "--all", "--message", "An empty section");
  const [none, unknown, empty] = await Promise.all([release("1.2"), release("2.0.0"), release("3.0.0")]);
  expect(none).toEqual({ code: 1, text: expect.stringContaining('"1.2" is no version') });
  expect(unknown).toEqual({ code: 1, text: expect.stringContaining('CHANGELOG.md has no section "## [2.0.0]') });
  expect(empty).toEqual({ code: 1, text: expect.stringContaining("the section of 3.0.0 in CHANGELOG.md is empty") });
  write("left", "over");
  expect(await release("0.2.0-rc.1")).toEqual({ code: 1, text: expect.stringMatching(/not clean:\n\?\? left/) });
  rmSync(join(folder, "left"));
  expect(git("tag")).toBe("");
  expect(git("status", "--porcelain")).toBe("");
});

test.each([
  "Since 0.1.0 of Mailstack.",
  "git checkout v0.1.0",
  "Install mailstack@0.1.0",
  '{ "version": "0.1.0" }',
  // The release after this one would leave it.
  "New in 0.2.0-rc.1.",
])("a release refuses while a version of this project stands where no release rewrites it: %s", async (text) => {
  write("docs/other.md", `A page.\n${text}\n`);
  git("add", ".");
  git("commit", "--quiet", "--message", "A page");
  const before = git("rev-parse", "HEAD");
  const refused = { code: 1, text: expect.stringContaining(`docs/other.md:2: ${text}`) };
  expect(await release("0.2.0-rc.1", "--dry-run")).toEqual(refused);
  expect(await release("0.2.0-rc.1")).toEqual(refused);
  expect([git("tag"), git("rev-parse", "HEAD"), git("status", "--porcelain")]).toEqual(["", before, ""]);
  git("reset", "--quiet", "--hard", "HEAD^");
});

test("a release of this checkout would leave its present version nowhere", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const files = versioned(root, `${version}-next`).map(({ file }) => file);
  const examples = ["examples/library/package.json", "examples/mailstack/package.json"];
  expect(files).toEqual(["docs/admin/library.md", ...examples, "package-lock.json", "package.json", "sdk/schema.json"]);
});

test("a dry run says what would be done, and does nothing", async () => {
  const before = git("rev-parse", "HEAD");
  const { code, text } = await release("0.2.0-rc.1", "--dry-run");
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining("would tag v0.2.0-rc.1") });
  expect(text).toContain("would write the version 0.2.0-rc.1 to package-lock.json");
  expect([git("tag"), git("rev-parse", "HEAD"), git("status", "--porcelain")]).toEqual(["", before, ""]);
});

test("a release is one commit of the version and an annotated tag with the section; pushing is left to a person", async () => {
  mkdirSync(join(folder, ".git/remote"));
  git("init", "--quiet", "--bare", ".git/remote");
  git("remote", "add", "origin", ".git/remote");
  git("push", "--quiet", "--set-upstream", "origin", "main");
  const before = git("rev-parse", "HEAD");

  expect(await release("0.2.0-rc.1")).toEqual({ code: 0, text: expect.stringContaining("git push --follow-tags") });
  expect([git("rev-parse", "HEAD^"), git("status", "--porcelain")]).toEqual([before, ""]);
  expect(git("show", "--stat", "--format=%s", "HEAD")).toMatch(
    /^Release 0\.2\.0-rc\.1\n[^]*6 files changed, 7 insertions/,
  );
  const files = ["package.json", "package-lock.json", "sdk/schema.json"];
  expect(files.map(version)).toEqual(files.map(() => "0.2.0-rc.1"));
  // A dependency of the same version keeps it.
  for (const file of ["package.json", "package-lock.json", "examples/one/package.json", "examples/two/package.json"]) {
    const text = readFileSync(join(folder, file), "utf8");
    expect([file, text.includes('"y": "0.1.0"'), text.includes('"z": "^0.1.0"')]).toEqual([file, true, true]);
  }
  expect(version("policy/package.json")).toBe("0.1.0");
  for (const example of ["one", "two"])
    expect(readFileSync(join(folder, "examples", example, "package.json"), "utf8")).toContain(
      '"mailstack": "0.2.0-rc.1"',
    );
  expect(readFileSync(join(folder, "docs/library.md"), "utf8")).toBe(
    'Name the file: `"mailstack": "file:../mailstack/mailstack-0.2.0-rc.1.tgz"`; 0.1.0.1 and 10.1.0 are others.\n',
  );
  expect(git("cat-file", "-t", "v0.2.0-rc.1")).toBe("tag");
  expect(git("tag", "--list", "--format=%(contents)", "v0.2.0-rc.1")).toBe(
    "Mailstack 0.2.0-rc.1\n\n### Added\n# A line that git would take for a comment.\n- Something.",
  );
  expect(git("ls-remote", "--tags", "origin")).toBe("");
  expect(await release("0.2.0-rc.1")).toEqual({ code: 1, text: expect.stringContaining("exists already") });

  // The page's own command.
  const push = commandsOf("docs/admin/github.md").find((line) => line.startsWith("git "))!;
  git(...wordsOf(push).slice(1), "--quiet");
  expect(git("ls-remote", "--tags", "origin")).toContain("refs/tags/v0.2.0-rc.1");
});

test("the changelog has a section of this version, and each of its sections is one of Keep a Changelog", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const text = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  expect(sectionOf(text, version)?.text.length).toBeGreaterThan(100);
  const sections = [...text.matchAll(/^## (.*)$/gm)].map(([, title = ""]) => title);
  expect(sections[0]).toBe("[Unreleased]");
  expect(sections.slice(1).filter((title) => !/^\[\S+\] - \d{4}-\d\d-\d\d$/.test(title))).toEqual([]);
  const kinds = new Set([...text.matchAll(/^### (.*)$/gm)].map(([, kind]) => kind));
  const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
  expect([...kinds].filter((kind) => !known.includes(kind!))).toEqual([]);
});

test("a version with a suffix is a prerelease", () => {
  expect([isPrerelease("0.2.0-rc.1"), isPrerelease("0.2.0")]).toEqual([true, false]);
});
