/**
 * Makes the commit and the annotated tag of a release; pushing them is left to you. Usage: npm run release -- VERSION
 * [--dry-run]. CHANGELOG.md must have the section of that version.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { execa } from "execa";
import { sectionOf, versionForm } from "./changelog";
import { versioned } from "./release-files";

new Command("release")
  .description("Make the commit and the annotated tag of a release. Nothing is pushed.")
  .argument("<version>", "X.Y.Z or X.Y.Z-rc.1; CHANGELOG.md must have its section")
  .option("--dry-run", "only check, and say what would be done", false)
  .action(release)
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 1;
  });

async function release(version: string, { dryRun }: { dryRun: boolean }): Promise<void> {
  if (!versionForm.test(version)) throw new Error(`"${version}" is no version; use the form X.Y.Z or X.Y.Z-rc.1`);
  const tag = `v${version}`;
  const section = sectionOf(readFileSync("CHANGELOG.md", "utf8"), version);
  if (!section) throw new Error(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"`);
  if (!section.text) throw new Error(`the section of ${version} in CHANGELOG.md is empty`);
  const changed = await git("status", "--porcelain");
  if (changed) throw new Error(`the working tree is not clean:\n${changed}`);
  if (await git("tag", "--list", tag)) throw new Error(`the tag ${tag} exists already`);

  const files = versioned(".", version);
  if (dryRun) {
    for (const { file } of files) console.log(`would write the version ${version} to ${file}`);
    console.log(`would tag ${tag} with:\n\n${section.text}`);
    return;
  }
  for (const { file, text } of files) writeFileSync(file, text);
  if (files.length > 0) {
    await git("add", "--", ...files.map(({ file }) => file));
    await git("commit", "--quiet", "--message", `Release ${version}`);
  }
  // Verbatim: a line of Markdown that begins with # is no comment.
  await git("tag", "--annotate", "--cleanup=verbatim", "--message", `Mailstack ${version}\n\n${section.text}`, tag);
  console.log(`tagged ${tag}; publish it with: git push --follow-tags`);
}

async function git(...words: string[]): Promise<string> {
  const result = await execa("git", words, { reject: false });
  if (result.exitCode !== 0) throw new Error(`git ${words[0]} failed: ${result.stderr}`);
  return result.stdout;
}
