/** Prints, as JSON, what commander knows of `npm run local`, and the names of the test layers. Not for jest: the command
 * line leads to packages that are ES modules only. */
import type { Command } from "commander";
import { program } from "../../../local-cloud/cli/main";
import { layers } from "../../../scripts/test-layers";

/** One command line. */
export interface CommandLine {
  name: string;
  /** Its options; `takesValue` when the next word belongs to it. */
  options: { flags: string[]; takesValue: boolean }[];
  /** How many words it needs and takes, Infinity written as null. */
  least: number;
  most: number | null;
  commands: CommandLine[];
}

function described(command: Command): CommandLine {
  const words = command.registeredArguments;
  return {
    name: command.name(),
    options: command.options.map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      takesValue: option.required,
    })),
    least: words.filter((word) => word.required).length,
    most: words.some((word) => word.variadic) ? null : words.length,
    commands: command.commands.map(described),
  };
}

console.log(JSON.stringify({ local: described(program), layers: layers.map((layer) => layer.name) }));
