import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Stack } from "../../../local-cloud/cli/stack";
import { stateFolder } from "../../../local-cloud/places";

/** One run of the tests, in which the program stays the same; set by scripts/node-tests.ts. */
const run = process.env.MAILSTACK_TEST_RUN;

/** Notes that an `up` with the stack's configuration has just ended well. */
export function settle(cloud: string, stack: Stack): void {
  if (run) writeFileSync(noteOf(stack), marks(cloud, stack));
}

/**
 * Whether the last thing that happened to the stack in this run was an `up` with the configuration that it has now:
 * another would change nothing, and each file of tests would wait for it.
 */
export function isSettled(cloud: string, stack: Stack): boolean {
  const note = noteOf(stack);
  return run !== undefined && existsSync(note) && readFileSync(note, "utf8") === marks(cloud, stack);
}

const noteOf = (stack: Stack) => join(stack.folder, "settled");

/** Whatever Pulumi does to a stack it writes into the stack's file. */
function marks(cloud: string, stack: Stack): string {
  const state = readFileSync(join(stateFolder(cloud), "pulumi/backend/.pulumi/stacks/mailstack", `${stack.name}.json`));
  const { config } = parse(readFileSync(stack.configFile, "utf8")) as { config: Record<string, unknown> };
  const sorted = Object.entries(config).sort(([one], [other]) => (one < other ? -1 : 1));
  const digest = createHash("sha256").update(state).update(JSON.stringify(sorted)).digest("hex");
  return `${run} ${digest}\n`;
}
