/** A reporter of Node's test runner: one JSON line for each test that ended. */
import { basename } from "node:path";
import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

/** What is told of one test. */
export interface NodeTest {
  file: string;
  title: string;
  passed: boolean;
  /** Why it did not run. */
  left?: string;
  /** Why it failed. */
  why?: string;
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { file = "", name, nesting, skip, todo, details } = data;
    // A file in which no test ended is told as one test with the file's name.
    const isFile = nesting === 0 && basename(name) === basename(file);
    if (details.type === "suite" || (isFile && type === "test:pass")) continue;
    const reason = skip ?? todo;
    const left =
      reason === undefined || reason === false ? undefined : reason === true || reason === "" ? "no reason" : reason;
    const told: NodeTest = { file, title: name, passed: type === "test:pass", ...(left && { left: String(left) }) };
    // What the test threw; the error around it only says that it failed.
    if (type === "test:fail") told.why = messageOf(data.details.error.cause ?? data.details.error);
    yield `${JSON.stringify(told)}\n`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === "string" ? error : inspect(error);
}
