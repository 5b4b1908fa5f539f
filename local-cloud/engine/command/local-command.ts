/** `local.Command` and `local.run`: a command on the machine of the deployment. */
import { spawn } from "node:child_process";
import { z } from "zod";
import type { ApiResource, Properties } from "../api-resource";
import { cancellation } from "./cancellation";
import { commandInputs, commandMethods, type CommandInputs } from "./inputs";
import { Output, type Logging, type Printed } from "./output";

/** `assetPaths` and `archivePaths` are not known here: no program of this project reads files that way. */
const localInputs = {
  stdin: z.string().optional(),
  logging: commandInputs.logging,
  interpreter: z.array(z.string()).optional(),
  dir: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
};
const inputs = z.strictObject({ ...commandInputs, ...localInputs });
const runInputs = z.strictObject({ ...localInputs, command: z.string() });

interface LocalInputs extends CommandInputs {
  stdin?: string;
  logging?: Logging;
  interpreter?: string[];
  dir?: string;
  environment?: Record<string, string>;
}

export const localCommandResource: ApiResource<undefined, Properties> = {
  inputs,
  replaceOn: ["triggers"],
  unknownInUpdate: ["stdout", "stderr"],
  ...commandMethods<LocalInputs>((command, given, former, call) =>
    run(command, given, former, call.signal, call.status),
  ),
};

/** Runs at each preview and update. */
export async function runFunction(given: Properties, signal: AbortSignal): Promise<Properties> {
  const parsed = runInputs.parse(given);
  return { ...parsed, ...(await run(parsed.command, parsed, {}, signal, () => undefined)) };
}

function run(
  command: string,
  given: LocalInputs,
  former: Record<string, string>,
  signal: AbortSignal,
  show: (line: string) => void,
): Promise<Printed> {
  const [program, ...words] = given.interpreter?.length ? given.interpreter : ["/bin/sh", "-c"];
  const output = new Output(given.logging, show);
  const env = { ...process.env, ...given.environment, ...former };
  const child = spawn(program!, [...words, command], { cwd: given.dir, env, signal, killSignal: "SIGKILL" });
  output.read("stdout", child.stdout);
  output.read("stderr", child.stderr);
  // A command that does not read its input to the end is no error; its exit code counts.
  child.stdin.on("error", () => undefined);
  child.stdin.end(given.stdin ?? "");
  return new Promise((resolve, reject) => {
    let failed: Error | undefined;
    child.once("error", (error) => (failed = error));
    child.once("close", (code, killer) => {
      if (code === 0) return resolve(output.printed());
      const reason = killer ? `signal: ${killer}` : `exit status ${code}`;
      const ended = signal.aborted ? cancellation(signal) : failed;
      reject(output.failure(ended?.message ?? reason, command));
    });
  });
}
