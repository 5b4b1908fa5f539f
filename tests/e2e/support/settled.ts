import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Stack } from "../../../local-cloud/cli/stack";

/** One run of the tests, in which the program stays the same; set by scripts/node-tests.ts. */
const run = process.env.MAILSTACK_TEST_RUN;

/** Notes that an `up` with the stack's configuration has just ended well. */
export function settle(stack: Stack): void {
  if (run) writeFileSync(noteOf(stack), marks(stack));
}

/**
 * Whether the last thing that happened to the stack in this run was an `up` with the configuration that it has now:
 * another would change nothing, and each file of tests would wait for it.
 */
export function isSettled(stack: Stack): boolean {
  const note = noteOf(stack);
  return run !== undefined && existsSync(note) && readFileSync(note, "utf8") === marks(stack);
}

const noteOf = (stack: Stack) => join(stack.folder, "settled");

function marks(stack: Stack): string {
  const state = readFileSync(stack.stateFile);
  const { config } = parse(readFileSync(stack.configFile, "utf8")) as { config: Record<string, unknown> };
  const sorted = Object.entries(config).sort(([one], [other]) => (one < other ? -1 : 1));
  const digest = createHash("sha256").update(state).update(JSON.stringify(sorted)).digest("hex");
  return `${run} ${digest}\n`;
}
