/** Writes docs/admin/configuration.md (`npm run docs`); with `--check` it only tells whether that is what it would write. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { configurationPage } from "./reference-page";

const file = "docs/admin/configuration.md";
const path = join(__dirname, "..", file);

const { check } = new Command("configuration-reference")
  .option("--check", "end with 1 and one line when the page is stale", false)
  .parse()
  .opts<{ check: boolean }>();

const page = configurationPage();
if (!check) writeFileSync(path, page);
else if (!existsSync(path) || readFileSync(path, "utf8") !== page) {
  console.error(`mailstack: ${file} is stale; write it with: npm run docs`);
  process.exitCode = 1;
}
