/** Inputs that the commands have in common, and what an update or a delete runs. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Call, Present, Properties } from "../api-resource";
import type { Printed } from "./output";

export const commandInputs = {
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  triggers: z.array(z.unknown()).optional(),
  logging: z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]).optional(),
  /** The former outputs are given to the command as PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR; default true. */
  addPreviousOutputInEnv: z.boolean().optional(),
};

export interface CommandInputs extends Properties {
  create?: string;
  update?: string;
  delete?: string;
  addPreviousOutputInEnv?: boolean;
}

type Run<Inputs> = (command: string, inputs: Inputs, former: Record<string, string>, call: Call) => Promise<Printed>;

/** The methods of a command resource: when which command runs. */
export function commandMethods<Inputs extends CommandInputs>(run: Run<Inputs>) {
  return {
    create: async (_api: undefined, inputs: Inputs, call: Call): Promise<Present<Inputs>> => {
      const printed = inputs.create === undefined ? nothing : await run(inputs.create, inputs, {}, call);
      return { id: uniqueName(call.name), outputs: { ...inputs, ...printed }, inputs: {} };
    },
    /** The state is the truth: nothing on the host is asked. */
    read: async (_api: undefined, id: string, old: { outputs: Properties }): Promise<Present<Inputs>> => {
      if (Object.keys(old.outputs).length === 0) throw new Error("a command cannot be imported");
      return { id, outputs: old.outputs, inputs: {} };
    },
    update: async (
      _api: undefined,
      id: string,
      inputs: Inputs,
      old: { outputs: Properties },
      call: Call,
    ): Promise<Present<Inputs>> => {
      const command = inputs.update ?? inputs.create;
      const former = printedBefore(old.outputs);
      const printed = command === undefined ? former : await run(command, inputs, formerOutputs(inputs, former), call);
      return { id, outputs: { ...inputs, ...printed }, inputs: {} };
    },
    delete: async (_api: undefined, _id: string, outputs: Properties, call: Call): Promise<void> => {
      const inputs = outputs as Inputs;
      if (inputs.delete === undefined) return;
      await run(inputs.delete, inputs, formerOutputs(inputs, printedBefore(outputs)), call);
    },
  };
}

const nothing: Printed = { stdout: "", stderr: "" };

function printedBefore(outputs: Properties): Printed {
  return { stdout: String(outputs.stdout ?? ""), stderr: String(outputs.stderr ?? "") };
}

function formerOutputs(inputs: CommandInputs, { stdout, stderr }: Printed): Record<string, string> {
  if (inputs.addPreviousOutputInEnv === false) return {};
  return { ...(stdout && { PULUMI_COMMAND_STDOUT: stdout }), ...(stderr && { PULUMI_COMMAND_STDERR: stderr }) };
}

/** A name and eight random hexadecimal digits, as the vendor's plugin makes identifiers. */
export function uniqueName(name: string): string {
  return name + randomBytes(4).toString("hex");
}
