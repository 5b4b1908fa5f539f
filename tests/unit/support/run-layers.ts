/** Runs layers that the argument describes, as `npm test` runs its own. Not for jest: what runs tests is ES modules only. */
import { runNode, testFiles } from "../../../scripts/node-tests";
import type { Minimums } from "../../../scripts/test-counts";
import { runAll } from "../../../scripts/test-run";

/** What to run, in the folder of the working directory. */
export interface LayersToRun {
  layers: { name: string; hindrance?: string }[];
  minimums: Minimums;
  demanded: string[];
  filter?: string;
}

const { layers, minimums, demanded, filter } = JSON.parse(process.argv[2]!) as LayersToRun;
process.chdir(process.argv[3]!);
void runAll(
  layers.map(({ name, hindrance }) => ({
    name,
    about: "of a test",
    hindrance: () => hindrance,
    run: async (chosen) => runNode(testFiles([`${name}/*.test.ts`], chosen), { env: {} }),
  })),
  { demanded, minimums, ...(filter !== undefined && { filter }) },
).then(({ failed }) => {
  process.exitCode = failed > 0 ? 1 : 0;
});
