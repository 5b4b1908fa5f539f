import { randomUUID } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import type { NodeTest } from "./node-reporter";
import { countsOf, withProblems, type Counts, type Results } from "./test-counts";

/** What tests of one run know it by; in the next one the program may be another. */
const run = randomUUID();

/** How files run beside others. */
export interface Lane {
  /** Stands before each line that the lane prints. */
  name?: string;
  env: Record<string, string>;
}

/**
 * The files of these patterns whose name holds the filter, in a fixed order.
 * @throws Error when there is none: who names a file wants to see it run.
 */
export function testFiles(patterns: string[], filter: string | undefined): string[] {
  const files = globSync(patterns)
    .filter((file) => !filter || basename(file).includes(filter))
    .sort();
  if (files.length === 0) throw new Error(`no file of ${patterns.join(", ")} has "${filter ?? ""}" in its name`);
  return files;
}

/** Runs files of Node's own test runner, one at a time: they share a cloud. */
export async function runNode(files: string[], lane: Lane): Promise<Counts> {
  // Without a file it would look for some by itself.
  if (files.length === 0) return countsOf([], {});
  return withReport(async (report) => {
    const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
    const counters = [
      `--test-reporter=${join(__dirname, "node-reporter.ts")}`,
      `--test-reporter-destination=${report}`,
    ];
    const options = ["--conditions=import", "--import", "tsx", "--test", "--test-concurrency=1"];
    const result = await execa(process.execPath, [...options, ...reporters, ...counters, ...files], {
      stdin: "inherit",
      ...(lane.name ? prefixed(lane.name) : { stdout: "inherit", stderr: "inherit" }),
      env: { ...lane.env, MAILSTACK_TEST_RUN: run },
      reject: false,
    });
    const lines = existsSync(report) ? readFileSync(report, "utf8").trim().split("\n").filter(Boolean) : [];
    const results = byFile(lines.map((line) => JSON.parse(line) as NodeTest));
    return endedBadly(countsOf(files, results), result.exitCode);
  });
}

/** Tests by their file. */
export function byFile(tests: NodeTest[]): Results {
  const results: Results = {};
  for (const { file, title, passed, left, why = "" } of tests) {
    const result = (results[relative(process.cwd(), file)] ??= { passed: 0, failed: 0, left: [], reds: [] });
    if (left) result.left.push(`${title} (${left})`);
    else if (passed) result.passed += 1;
    else {
      result.failed += 1;
      result.reds?.push([title, ...beginningOf(why)].join("\n    "));
    }
  }
  return results;
}

/** Enough of a failure to know it again in the summary; all of it stands where the test ran. */
function beginningOf(why: string): string[] {
  const lines = stripVTControlCharacters(why).split("\n").filter(Boolean);
  return lines.slice(0, 12).map((line) => line.slice(0, 300));
}

/** A runner that ends with an error has seen a failure, whatever it tells of the tests. */
export function endedBadly(counts: Counts, exitCode: number | undefined): Counts {
  if (exitCode === 0 || counts.failed > 0) return counts;
  return withProblems(counts, [`the runner ended with ${exitCode ?? "a signal"}`]);
}

/** Lines of lanes that run at the same time arrive mixed; each says whose it is. */
function prefixed(name: string) {
  const mark = function* (line: unknown) {
    yield `${name}  ${String(line)}`;
  };
  return { stdout: [mark, "inherit"], stderr: [mark, "inherit"], buffer: false } as const;
}

export async function withReport(run: (file: string) => Promise<Counts>): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "mailstack-test-"));
  try {
    return await run(join(folder, "report"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
