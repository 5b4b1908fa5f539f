/**
 * Checks the GitHub workflows with actionlint, which is built once from its Go module. Usage: check-workflows.ts
 * [FOLDER]; the folder is that of a repository, default this one. Ends with 1 when it finds something.
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { findGo } from "../local-cloud/engine/build-cli";
import { cached } from "../local-cloud/engine/cache";

const moduleFolder = join(__dirname, "actionlint");
const folder = process.argv[2] ?? join(__dirname, "..");

main().catch((error: Error) => {
  console.error(`mailstack: ${error.message}`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const files = globSync(join(folder, ".github/workflows/*.{yml,yaml}")).sort();
  if (files.length === 0) throw new Error(`${folder} has no workflows`);
  // Without the programs that actionlint would call where they happen to be installed: the same result everywhere.
  const words = ["-no-color", "-shellcheck=", "-pyflakes=", ...files];
  const result = await execa(await actionlint(), words, { stdio: "inherit", reject: false });
  if (result.exitCode !== 0) process.exitCode = 1;
}

/** The built program; some seconds, once. */
async function actionlint(): Promise<string> {
  const digest = createHash("sha256")
    .update(readFileSync(join(moduleFolder, "go.sum")))
    .digest("hex")
    .slice(0, 16);
  const place = await cached(`actionlint-${digest}`, async (work) => {
    const go = await findGo(undefined, "checking the workflows needs");
    const words = ["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", join(work, "actionlint")];
    const env = { GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
    await execa(go, [...words, "github.com/rhysd/actionlint/cmd/actionlint"], { cwd: moduleFolder, env });
  });
  return join(place, "actionlint");
}
