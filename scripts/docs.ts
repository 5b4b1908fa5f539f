/** Writes the generated pages and the schema of the component package (`npm run docs`); with `--check` it only tells which of them are stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { decisionIndex } from "./decision-index";
import { packageSchema } from "./package-schema";
import { configurationPage } from "./reference-page";
import { servicesPage } from "./services-page";

const pages = {
  "docs/admin/configuration.md": configurationPage,
  "docs/decisions/README.md": decisionIndex,
  "docs/services.md": servicesPage,
  "sdk/schema.json": packageSchema,
};

const { check } = new Command("docs")
  .option("--check", "end with 1 and one line for each stale page", false)
  .parse()
  .opts<{ check: boolean }>();

for (const [file, write] of Object.entries(pages)) {
  const path = join(__dirname, "..", file);
  const page = write();
  if (!check) writeFileSync(path, page);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== page) {
    console.error(`mailstack: ${file} is stale; write it with: npm run docs`);
    process.exitCode = 1;
  }
}
