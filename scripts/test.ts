/**
 * Runs the test layers and prints the sum. Usage: test.ts [LAYER] [NAME] [--record]; without a layer: all that this machine
 * can run. NAME picks the test files whose name contains it. A layer that is named, here or in MAILSTACK_DEMAND (names with
 * spaces between them), must run.
 */
import { Command } from "commander";
import { layers } from "./test-layers";
import { runAll } from "./test-run";

const names = layers.map((layer) => layer.name);

new Command("test")
  .description("Run the tests of Mailstack; without a layer, all that this machine can run.")
  .argument("[layer]", `one of ${names.join(", ")}`)
  .argument("[name]", "only the test files whose name contains this text; of upgrade, the commit to begin with")
  .option("--record", "write how many tests ran into tests/counts.json, the least for later runs")
  .addHelpText("after", `\nLayers:\n${layers.map((layer) => `  ${layer.name.padEnd(8)} ${layer.about}`).join("\n")}`)
  .action(async (name: string | undefined, filter: string | undefined, { record }: { record?: true }) => {
    const demanded = name ? [name] : (process.env.MAILSTACK_DEMAND ?? "").split(" ").filter(Boolean);
    const unknown = demanded.find((one) => !names.includes(one));
    if (unknown) throw new Error(`unknown layer "${unknown}"; use one of ${names.join(", ")}`);
    const chosen = name ? layers.filter((layer) => layer.name === name) : layers;
    const { failed } = await runAll(chosen, { filter, whole: !name, demanded, record });
    if (failed > 0) process.exitCode = 1;
  })
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 2;
  });
