import { randomUUID } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";

export interface Counts {
  passed: number;
  failed: number;
}

/** What tests of one run know it by; in the next one the program may be another. */
const run = randomUUID();

/** How files run beside others. */
export interface Lane {
  /** Stands before each line that the lane prints. */
  name?: string;
  env: Record<string, string>;
}

/** The files of these patterns whose name holds the filter, in a fixed order. */
export function testFiles(patterns: string[], filter: string | undefined): string[] {
  return globSync(patterns)
    .filter((file) => !filter || basename(file).includes(filter))
    .sort();
}

/** Runs files of Node's own test runner, one at a time: they share a cloud. */
export async function runNode(files: string[], lane: Lane): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  return withReport(async (report) => {
    const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
    const counters = ["--test-reporter=tap", `--test-reporter-destination=${report}`];
    const options = ["--conditions=import", "--import", "tsx", "--test", "--test-concurrency=1"];
    const result = await execa(process.execPath, [...options, ...reporters, ...counters, ...files], {
      stdin: "inherit",
      ...(lane.name ? prefixed(lane.name) : { stdout: "inherit", stderr: "inherit" }),
      env: { ...lane.env, MAILSTACK_TEST_RUN: run },
      reject: false,
    });
    const tap = readFileSync(report, "utf8");
    const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)`, "m").exec(tap)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    return { passed: count("pass"), failed: result.exitCode === 0 ? failed : Math.max(1, failed) };
  });
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
