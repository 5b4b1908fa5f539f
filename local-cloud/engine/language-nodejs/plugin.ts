/** Runs a plugin that is written for Node.js, a component package or a policy pack, by the SDK's own runners. */
import { spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import { RunPluginResponse, type RunPluginRequest } from "@pulumi/pulumi/proto/language_pb";
import { nodeOptions } from "./options";
import { runnerIn } from "./run";

/** The plugin's output goes to the engine as it comes: the first line is the plugin's port. */
export function runPlugin(call: grpc.ServerWritableStream<RunPluginRequest, RunPluginResponse>): void {
  const fail = (error: Error) =>
    call.destroy(Object.assign(error, { code: grpc.status.UNKNOWN, details: error.message }));
  let child: ReturnType<typeof start>;
  try {
    child = start(call.request);
  } catch (error) {
    return void fail(error as Error);
  }
  child.stdout.on("data", (data: Buffer) => call.write(new RunPluginResponse().setStdout(data)));
  child.stderr.on("data", (data: Buffer) => call.write(new RunPluginResponse().setStderr(data)));
  call.on("cancelled", () => child.kill("SIGTERM"));
  child.once("error", fail);
  child.once("close", (code) => {
    call.write(new RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
}

function start(request: RunPluginRequest) {
  const info = request.getInfo()!;
  const folder = info.getProgramDirectory();
  const { nodeArguments } = nodeOptions(info);
  const words = request.getArgsList();
  const isPolicy = request.getKind() === "analyzer";
  // A pack reads its package.json from the working directory; a package reads files of the program that uses it there.
  const command = isPolicy
    ? [runnerIn(folder, "run-policy-pack"), ...words, "."]
    : [runnerIn(folder, "run-plugin"), folder, ...words];
  const environment = request.getEnvList().map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return spawn("node", [...nodeArguments, ...command], {
    cwd: isPolicy ? folder : request.getPwd(),
    env: { ...process.env, ...(Object.fromEntries(environment) as Record<string, string>) },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
