/** `remote.Command`: a command on a host, over SSH. */
import type { Client } from "ssh2";
import { z } from "zod";
import type { ApiResource, Properties } from "../api-resource";
import { connectionInputs, withSsh, type Connection } from "./connection";
import { commandInputs, commandMethods, type CommandInputs } from "./inputs";
import { Output, type Logging, type Printed } from "./output";

/** `environment` is not known here: Debian's sshd refuses all but LANG and LC_*, and the vendor's plugin then fails. */
const inputs = z.strictObject({ ...commandInputs, connection: connectionInputs });

interface RemoteInputs extends CommandInputs {
  connection: Connection;
  stdin?: string;
  logging?: Logging;
}

export const remoteCommandResource: ApiResource<undefined, Properties> = {
  inputs,
  replaceOn: ["triggers"],
  unknownInUpdate: ["stdout", "stderr"],
  ...commandMethods<RemoteInputs>((command, given, former, call) =>
    withSsh(connectionInputs.parse(given.connection), call, (client) => {
      const output = new Output(given.logging, (line) => call.status(line));
      return run(client, command, given.stdin ?? "", former, output);
    }),
  ),
};

function run(
  client: Client,
  command: string,
  stdin: string,
  env: Record<string, string>,
  output: Output,
): Promise<Printed> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env }, (error, channel) => {
      if (error) return reject(error);
      // All at once: a short command's end may be in the packet that says that it started.
      let exit: Exit | undefined;
      channel.once("exit", (code: number | null, signal?: string) => (exit = [code, signal]));
      channel.once("close", () => {
        if (exit?.[0] !== 0) reject(output.failure(reason(exit), command));
        // As with the vendor's plugin: the command ended while its input was still being sent.
        else if (!channel.writableFinished) reject(output.failure("EOF", command));
        else resolve(output.printed());
      });
      // The exit code and `close` say it better.
      channel.on("error", () => undefined);
      output.read("stdout", channel);
      output.read("stderr", channel.stderr);
      channel.end(stdin);
    });
  });
}

type Exit = [code: number | null, signal?: string];

/** The vendor's words (`golang.org/x/crypto/ssh`, `ExitError`). */
function reason(exit: Exit | undefined): string {
  if (!exit) return "wait: remote command exited without exit status or exit signal";
  const [code, signal] = exit;
  return code === null
    ? `Process exited with signal ${signal?.replace(/^SIG/, "")}`
    : `Process exited with status ${code}`;
}
