/** `npm run bench`: the project's figures, as ratios within one run, beside the machine that they were taken on. */
import { Command, InvalidArgumentError } from "commander";
import { requireMachine } from "../local-cloud/cli/preflight";
import { progressPrinter } from "../local-cloud/cli/progress";
import { BenchCloud } from "./bench-cloud";
import type { Figure, Measurement } from "./figure";
import { figures } from "./figures";
import { thisMachine } from "./machine";
import { isMet, table } from "./report";

interface Options {
  os: string;
  repeat: number;
  json: boolean;
  cold: boolean;
  keep: boolean;
}

const about = figures.map(({ name, about: text, byDefault }) => {
  return `  ${name.padEnd(12)} ${text}${byDefault ? "" : " (only when asked for)"}`;
});

new Command("npm run bench --")
  .description("Measure the project's figures in a cloud of their own. Ends with 1 when a target is missed.")
  .argument("[name...]", "figures to measure; default: all that are not marked below")
  .option("--os <system>", "debian12 or debian13", "debian12")
  .option("--repeat <times>", "repetitions of each duration; a fresh up has a third of them", positive, 5)
  .option("--json", "print JSON instead of a Markdown table", false)
  .option("--cold", "measure `npm run local` too, cold and warm", false)
  .option("--keep", "leave the cloud running for the next run", false)
  .addHelpText("after", `\nFigures:\n${about.join("\n")}`)
  .action(run)
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 2;
  });

async function run(names: string[], { os, repeat, json, cold, keep }: Options): Promise<void> {
  if (os !== "debian12" && os !== "debian13") throw new Error(`--os: "${os}" is unknown; use debian12 or debian13`);
  const chosen = choose(names, cold);
  requireMachine();
  const machine = thisMachine();
  const cloud = new BenchCloud({ os, repeat, progress: progressPrinter() });
  const measured: Measurement[] = [];
  try {
    for (const figure of chosen) {
      cloud.progress(`measuring ${figure.name}: ${figure.about}`);
      measured.push(...(await figure.measure(cloud)));
    }
  } finally {
    // What was measured before a failure is worth its time.
    if (json) console.log(JSON.stringify({ machine, os, measured }, undefined, 2));
    else console.log(table(machine, os, measured));
    if (!keep) await cloud.end();
  }
  if (!measured.every(isMet)) process.exitCode = 1;
}

function choose(names: string[], cold: boolean): Figure[] {
  for (const name of names)
    if (!figures.some((figure) => figure.name === name))
      throw new Error(`no figure "${name}"; there are ${figures.map((figure) => figure.name).join(", ")}`);
  return figures.filter(({ name, byDefault }) => {
    if (cold && name.startsWith("local-")) return true;
    return names.length > 0 ? names.includes(name) : byDefault;
  });
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("use a whole number from 1 to 999");
  return Number(text);
}
