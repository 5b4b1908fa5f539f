import type { Stack } from "../../local-cloud/cli/stack";
import type { Figure } from "../figure";
import { median, secondsList, timed } from "../measure";

/** `up` with nothing to do and with one changed Postfix setting, beside `up` of an empty program. */
export const noOpUp: Figure = {
  name: "no-op-up",
  about: "no-op up / up of an empty program; one changed Postfix setting",
  byDefault: true,
  async measure(cloud) {
    const { stack } = await cloud.server();
    const empty = await cloud.emptyProgram();
    const noOp = () => stack.pulumi(["up", "--yes", "--skip-preview"]);
    // The first runs fill caches, and the first `up` of the empty program makes its stack.
    await empty();
    await noOp();
    const took = { empty: [] as number[], noOp: [] as number[], change: [] as number[] };
    for (let round = 0; round < cloud.repeat; round += 1) {
      took.empty.push((await timed(empty)).seconds);
      const unchanged = await timed(noOp);
      requireText(unchanged.result.stdout, /\d+ unchanged/);
      took.noOp.push(unchanged.seconds);
      checkKeys(stack, round % 2 === 1);
      const changed = await timed(noOp);
      requireText(changed.result.stdout, /\b1 updated/);
      took.change.push(changed.seconds);
    }
    checkKeys(stack, true);
    await noOp();
    const base = median(took.noOp);
    return [
      {
        what: "no-op `up` / `up` of an empty program",
        value: base / median(took.empty),
        unit: "x",
        atMost: 1.5,
        detail: `no-op ${secondsList(took.noOp)}; empty ${secondsList(took.empty)}`,
      },
      {
        what: "one changed Postfix setting, over the no-op `up`",
        value: median(took.change) - base,
        unit: "s",
        atMost: 2,
        detail: `one change ${secondsList(took.change)}`,
      },
    ];
  },
};

/** A setting that only Postfix has to know. */
function checkKeys(stack: Stack, on: boolean): void {
  stack.configure((config) => config.setIn(["config", "mailstack:daneOutbound"], on));
}

function requireText(output: string, wanted: RegExp): void {
  if (!wanted.test(output)) throw new Error(`this up did not do what is measured (${wanted.source}):\n${output}`);
}
