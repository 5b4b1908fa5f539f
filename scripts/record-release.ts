/**
 * Records the stack of a local cloud for tests/unit/recorded.test.ts. Usage: record-release.ts [--cloud CLOUD] COMMIT
 * The stack is to be one that this commit's `npm run local` made.
 */
import { execa } from "execa";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { parse } from "yaml";
import { prepareStack } from "../local-cloud/cli/bring-up";
import { stateFolder } from "../local-cloud/places";
import { recordedFolder, recordedRelease, type ExportedState, type Values } from "./recorded-release";

new Command("record")
  .description("Record the state of a stack in the local cloud, for the test that an `up` of it loses nothing.")
  .option("--cloud <name>", "name of the cloud", "local")
  .argument("<commit>", "the commit whose `npm run local` made the stack")
  .action(async (ref: string, _: unknown, command: Command) => {
    const { cloud } = command.opts<{ cloud: string }>();
    const { stdout } = await execa("git", ["show", "--no-patch", "--format=%h %cs", "--abbrev=7", `${ref}^{commit}`]);
    const [commit, day] = stdout.split(" ") as [string, string];
    const project = await execa("git", ["show", `${commit}:Pulumi.yaml`]);
    const declared = Object.entries(
      (parse(project.stdout) as { config: Record<string, { default?: unknown }> }).config,
    );
    const defaults = Object.fromEntries(
      declared.filter(([, { default: value }]) => value !== undefined).map(([key, { default: value }]) => [key, value]),
    );
    const file = join(stateFolder(cloud), "stacks/local/Pulumi.local.yaml");
    const { config } = parse(readFileSync(file, "utf8")) as { config: Values };
    const isSecret = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
    const plain = Object.fromEntries(Object.entries(config).filter(([, value]) => !isSecret(value)));
    const progress = (line: string) => console.error(line);
    const os = String(config["mailstack:os"]);
    const { stack } = await prepareStack({ cloud, os, stack: "local", progress });
    const exported = await stack.pulumi(["stack", "export", "--show-secrets"]);
    const release = recordedRelease(JSON.parse(exported.stdout) as ExportedState, { commit, config: plain, defaults });
    const target = join(recordedFolder, `${day}.json`);
    writeFileSync(target, `${JSON.stringify(release, undefined, 1)}\n`);
    console.log(target);
  })
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 1;
  });
