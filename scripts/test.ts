/**
 * Runs the test layers and prints the sum. Usage: test.ts [LAYER] [NAME]; without a layer: all that this machine can
 * run. NAME picks the test files whose name contains it.
 */
import { Command } from "commander";
import type { Counts } from "./node-tests";
import { layers, type Layer } from "./test-layers";

new Command("test")
  .description("Run the tests of Mailstack; without a layer, all that this machine can run.")
  .argument("[layer]", `one of ${layers.map((layer) => layer.name).join(", ")}`)
  .argument("[name]", "only the test files whose name contains this text; of upgrade, the commit to begin with")
  .addHelpText("after", `\nLayers:\n${layers.map((layer) => `  ${layer.name.padEnd(8)} ${layer.about}`).join("\n")}`)
  .action(async (name: string | undefined, filter: string | undefined) => {
    const chosen = name ? layers.filter((layer) => layer.name === name) : layers;
    if (chosen.length === 0)
      throw new Error(`unknown layer "${name}"; use one of ${layers.map((l) => l.name).join(", ")}`);
    await runAll(chosen, filter);
  })
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 2;
  });

async function runAll(chosen: Layer[], filter: string | undefined): Promise<void> {
  const total: Counts = { passed: 0, failed: 0 };
  const summary: string[] = [];
  const able = chosen.filter((layer) => !layer.hindrance());
  for (const group of groupsOf(able)) {
    const results = await Promise.all(
      group.map((layer) => runLayer(layer, { filter, whole: chosen === layers, named: group.length > 1 })),
    );
    for (const { counts, line } of results) {
      total.passed += counts.passed;
      total.failed += counts.failed;
      summary.push(line);
    }
  }
  for (const layer of chosen) {
    const hindrance = layer.hindrance();
    if (hindrance) summary.push(`${layer.name}: not run, ${hindrance}`);
  }
  console.log(`\n${summary.join("\n")}\n\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
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
  { filter, whole, named }: { filter: string | undefined; whole: boolean; named: boolean },
): Promise<{ counts: Counts; line: string }> {
  console.log(`\n=== ${layer.name}: ${layer.about}`);
  const start = Date.now();
  const clear = () => (whole ? layer.clear?.() : undefined);
  // First too: a cloud that a killed run or older code left is no new machine.
  await clear();
  const counts = await layer.run(filter, named ? layer.name : undefined).finally(clear);
  // A layer in which nothing ran has shown nothing, so it counts as a failure.
  if (counts.passed + counts.failed === 0) counts.failed = 1;
  const seconds = Math.round((Date.now() - start) / 1000);
  return { counts, line: `${layer.name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s` };
}
