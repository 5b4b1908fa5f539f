/**
 * Publishes the tag that the workflow runs for (GITHUB_REF_NAME) as a release at GitHub: its section of CHANGELOG.md and
 * the file that `npm pack` makes.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { isPrerelease, sectionOf } from "../changelog";
import { Repository, required } from "./github";

main(process.env).catch((error: Error) => {
  console.error(`mailstack: ${error.message}`);
  process.exitCode = 1;
});

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const tag = required(environment, "GITHUB_REF_NAME");
  const repository = new Repository(environment);
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, but package.json has the version ${version}`);
  const section = sectionOf(readFileSync("CHANGELOG.md", "utf8"), version);
  if (!section?.text) throw new Error(`CHANGELOG.md has no section of ${version}`);

  const folder = mkdtempSync(join(tmpdir(), "mailstack-release-"));
  try {
    // The build that it starts is other people's programs: they do not get the token, which may write to the repository.
    const env = { GITHUB_TOKEN: undefined };
    // Its own words on stdout are mixed with those of the build.
    await execa("npm", ["pack", "--pack-destination", folder], { env, stdout: "inherit", stderr: "inherit" });
    const [name] = readdirSync(folder);
    if (!name) throw new Error("npm pack made no file");
    const file = { name, data: readFileSync(join(folder, name)) };
    await repository.publish({ tag, body: section.text, prerelease: isPrerelease(version) }, file);
    console.log(`published ${tag} with ${file.name}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
