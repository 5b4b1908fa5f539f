/** A reporter of Node's test runner: one JSON line for each test that ended. */
import { basename } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** What is told of one test. */
export interface NodeTest {
  file: string;
  title: string;
  passed: boolean;
  /** Why it did not run. */
  left?: string;
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { file = "", name, nesting, skip, todo, details } = data;
    // A file in which no test ended is told as one test with the file's name.
    const isFile = nesting === 0 && basename(name) === basename(file);
    if (details.type === "suite" || (isFile && type === "test:pass")) continue;
    const why = skip ?? todo;
    const left = why === undefined || why === false ? undefined : why === true || why === "" ? "no reason" : why;
    const told: NodeTest = { file, title: name, passed: type === "test:pass", ...(left && { left: String(left) }) };
    yield `${JSON.stringify(told)}\n`;
  }
}
