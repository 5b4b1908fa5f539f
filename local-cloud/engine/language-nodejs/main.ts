/**
 * Stand-in of the vendor's Node.js language host: the engine starts it, reads its port, and asks it to run the program.
 * Usage: pulumi-language-nodejs ENGINE_ADDRESS.
 */
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { LanguageHandshakeResponse, RuntimeOptionsResponse } from "@pulumi/pulumi/proto/language_pb";
import type * as language from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { keepCompiled } from "../compiled";
import { endWithParent } from "../end-with-parent";
import { about, installDependencies, programDependencies } from "./about";
import { requiredPackages } from "./packages";
import { runPlugin } from "./plugin";
import { ProgramRunner } from "./run";

/** The vendor's host of the CLI that the project pins. */
const version = "3.259.0";

/** The last word; flags such as `-tracing` come before it. */
const runner = new ProgramRunner(process.argv.at(-1) ?? "");

type Unary = (request: never, call: grpc.ServerUnaryCall<unknown, unknown>) => Promise<unknown>;

const answers: Record<string, Unary> = {
  getPluginInfo: async () => new PluginInfo().setVersion(version),
  handshake: async (request: language.LanguageHandshakeRequest) => {
    runner.engineAddress = request.getEngineAddress();
    return new LanguageHandshakeResponse();
  },
  getRequiredPackages: async (request: language.GetRequiredPackagesRequest) => requiredPackages(request.getInfo()!),
  run: (request: language.RunRequest, call) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => cancelled.abort());
    return runner.run(request, cancelled.signal);
  },
  cancel: async () => {
    runner.cancel();
    return new Empty();
  },
  about: async (request: language.AboutRequest) => about(request.getInfo()!),
  getProgramDependencies: async (request: language.GetProgramDependenciesRequest) =>
    programDependencies(request.getInfo()!, request.getTransitivedependencies()),
  runtimeOptionsPrompts: async () => new RuntimeOptionsResponse(),
};

/** What writes code; a deployment needs none of it. */
const absent = ["generateProgram", "generateProject", "generatePackage", "pack", "link", "template"];

const implementation: grpc.UntypedServiceImplementation = { installDependencies, runPlugin };
for (const [name, answer] of Object.entries(answers)) {
  const handler: grpc.handleUnaryCall<unknown, unknown> = (call, reply) => {
    answer(call.request as never, call).then(
      (response) => reply(null, response),
      (error: Error) => reply({ code: grpc.status.UNKNOWN, details: error.message }),
    );
  };
  implementation[name] = handler;
}
for (const name of absent) {
  const details = `${name} is not known to this stand-in of the Node.js language host`;
  implementation[name] = (call: unknown, reply?: (error: Partial<grpc.ServiceError>) => void) => {
    const error = { code: grpc.status.UNIMPLEMENTED, details };
    // A stream has no reply.
    if (reply) reply(error);
    else (call as grpc.ServerWritableStream<unknown, unknown>).destroy(Object.assign(new Error(details), error));
  };
}

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(LanguageRuntimeService as unknown as grpc.ServiceDefinition, implementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
  keepCompiled();
});

const end = () => {
  runner.cancel();
  // The program gets a moment to end by itself.
  void runner.ended().then(() => process.exit(0));
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
endWithParent(end);
