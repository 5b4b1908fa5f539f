/**
 * How many tests each file must run. `tests/counts.json` is committed, so that tests that vanish, by an empty list, an early
 * end of the process or a skip, turn the run red; `npm test -- LAYER [NAME] --record` writes what it saw.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What ran in one file. */
export interface FileResult {
  passed: number;
  failed: number;
  /** Tests that did not run, skipped or still to be written: the title, and why. */
  left: string[];
  /** Tests that failed: the title, and why. */
  reds?: string[];
}

/** By file, relative to the project. */
export type Results = Record<string, FileResult>;

/** The sum of a layer or of a part of it. */
export interface Counts {
  passed: number;
  failed: number;
  /** Every test that did not run, with its file. */
  left: string[];
  /** Every test that failed, with its file and why. */
  reds: string[];
  /** What failed although no test said so, each counted among `failed`. */
  problems: string[];
  /** How many tests ran, by file. */
  ran: Record<string, number>;
}

/** Layer, file, least number of tests. */
export type Minimums = Record<string, Record<string, number>>;

const countsFile = join(__dirname, "../tests/counts.json");

export function readMinimums(): Minimums {
  return JSON.parse(readFileSync(countsFile, "utf8")) as Minimums;
}

/** Adds up what ran in these files. */
export function countsOf(files: string[], results: Results): Counts {
  const counts: Counts = { passed: 0, failed: 0, left: [], reds: [], problems: [], ran: {} };
  for (const [file, { passed, failed, left, reds = [] }] of Object.entries(results)) {
    counts.passed += passed;
    counts.failed += failed;
    counts.left.push(...left.map((title) => `${file}: ${title}`));
    counts.reds.push(...reds.map((title) => `${file}: ${title}`));
  }
  for (const file of files) counts.ran[file] = (results[file]?.passed ?? 0) + (results[file]?.failed ?? 0);
  return counts;
}

/** The same with a failure for each file that ran fewer tests than its minimum; without minimums, none at all. */
export function judge(counts: Counts, minimums?: Record<string, number>): Counts {
  const problems = Object.entries(counts.ran).flatMap(([file, ran]) => {
    const least = minimums?.[file];
    if (ran === 0) return [`${file}: no test ran`];
    if (minimums && least === undefined) return [`${file}: is not in tests/counts.json; run it with --record`];
    return least && ran < least ? [`${file}: ${ran} tests ran, and tests/counts.json asks for ${least}`] : [];
  });
  return withProblems(counts, problems);
}

/** The same with these failures too. */
export function withProblems(counts: Counts, problems: string[]): Counts {
  return { ...counts, failed: counts.failed + problems.length, problems: [...counts.problems, ...problems] };
}

/** The sum of the parts; of a file that ran in several, the least number. */
export function sumOf(parts: Counts[]): Counts {
  const sum = countsOf([], {});
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.left.push(...part.left);
    sum.reds.push(...part.reds);
    sum.problems.push(...part.problems);
    for (const [file, ran] of Object.entries(part.ran)) sum.ran[file] = Math.min(ran, sum.ran[file] ?? ran);
  }
  return sum;
}

/** Writes what ran into `tests/counts.json`; files that no longer exist leave it. */
export function recordCounts(layer: string, ran: Record<string, number>, exists: (file: string) => boolean): void {
  const minimums = readMinimums();
  minimums[layer] = { ...minimums[layer], ...ran };
  const sorted = Object.entries(minimums).map(([name, files]): [string, Record<string, number>] => [
    name,
    Object.fromEntries(
      Object.entries(files)
        .filter(([file]) => exists(file))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  ]);
  writeFileSync(countsFile, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}
