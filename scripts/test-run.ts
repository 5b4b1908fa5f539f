import { existsSync } from "node:fs";
import {
  countsOf,
  judge,
  readMinimums,
  recordCounts,
  sumOf,
  withProblems,
  type Counts,
  type Minimums,
} from "./test-counts";
import type { Layer } from "./test-layers";

export interface RunOptions {
  /** Only test files whose name contains it. */
  filter?: string;
  /** Whether this is all of the tests: each layer begins and ends without its cloud. */
  whole?: boolean;
  /** Layers that must run; one that this machine cannot run is a failure. */
  demanded: readonly string[];
  /** Write how many tests ran into tests/counts.json. */
  record?: boolean;
  /** For tests of this module. */
  minimums?: Minimums;
}

/** Runs layers and prints the sum, the last line of all. */
export async function runAll(chosen: readonly Layer[], options: RunOptions): Promise<Counts> {
  const parts: Counts[] = [];
  const summary: string[] = [];
  for (const group of groupsOf(chosen.filter((layer) => !layer.hindrance())))
    for (const { counts, line } of await Promise.all(
      group.map((layer) => runLayer(layer, options, group.length > 1)),
    )) {
      parts.push(counts);
      summary.push(
        line,
        ...[...counts.reds, ...counts.problems].map((each) => `  failed: ${each}`),
        ...counts.left.map((each) => `  not run: ${each}`),
      );
    }
  for (const layer of chosen) {
    const hindrance = layer.hindrance();
    if (!hindrance) continue;
    const must = options.demanded.includes(layer.name);
    summary.push(`${layer.name}: ${must ? "failed, it must run and cannot" : "not run"}, ${hindrance}`);
    if (must) parts.push({ ...countsOf([], {}), failed: 1 });
  }
  const total = sumOf(parts);
  const left = total.left.length > 0 ? `${total.left.length} skipped or to be written\n` : "";
  console.log(`\n${summary.join("\n")}\n\n${left}${total.passed} passed, ${total.failed} failed`);
  return total;
}

/** Layers in their order; those of one group run at the same time. */
function groupsOf(able: Layer[]): Layer[][] {
  const groups: Layer[][] = [];
  for (const layer of able) {
    const last = groups.at(-1);
    if (layer.beside && last) last.push(layer);
    else groups.push([layer]);
  }
  return groups;
}

async function runLayer(
  layer: Layer,
  { filter, whole, record, minimums = readMinimums() }: RunOptions,
  named: boolean,
): Promise<{ counts: Counts; line: string }> {
  console.log(`\n=== ${layer.name}: ${layer.about}`);
  const start = Date.now();
  const clear = async () => (whole ? layer.clear?.() : undefined);
  let counts: Counts;
  try {
    // First too: a cloud that a killed run or older code left is no new machine.
    await clear();
    counts = await layer.run(filter, named ? layer.name : undefined).finally(clear);
  } catch (error) {
    // The other layers still tell what they have to tell.
    counts = withProblems(countsOf([], {}), [(error as Error).message]);
  }
  if (record) recordCounts(layer.name, counts.ran, existsSync);
  // The checks have no files.
  counts = judge(counts, record ? undefined : (minimums[layer.name] ?? {}));
  // A layer in which nothing ran has shown nothing, so it counts as a failure.
  if (counts.passed + counts.failed === 0) counts = withProblems(counts, ["nothing ran"]);
  const seconds = Math.round((Date.now() - start) / 1000);
  const left = counts.left.length > 0 ? `${counts.left.length} not run, ` : "";
  return { counts, line: `${layer.name}: ${counts.passed} passed, ${counts.failed} failed, ${left}${seconds} s` };
}
