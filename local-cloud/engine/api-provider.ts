/** Serves the engine's `ResourceProvider` protocol: the frame of every stand-in of a plugin. */
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { z } from "zod";
import { inputsToday, refusals, settledInputs, type ApiResource, type Properties } from "./api-resource";
import { callOf, EngineLog } from "./api-provider-call";
import { difference } from "./api-provider-diff";
import { rpcError } from "./api-provider-error";
import { fromStruct, isUnknown, sealed, toStruct, unknown } from "./api-provider-values";
import { keepCompiled } from "./compiled";
import { endWithParent } from "./end-with-parent";

/** One plugin. `name` and `version` are those of the vendor's plugin that it stands in for. */
export interface ApiPlugin<Api> {
  name: string;
  version: string;
  /** The provider's inputs; a strict object. Booleans and numbers arrive as JSON text, as the SDKs send them. */
  config: z.ZodType<Properties>;
  /** `signal` is aborted when the engine cancels. Nothing is asked of the API here. */
  configure(
    config: Properties,
    signal: AbortSignal,
  ): { api: Api; resources: Record<string, ApiResource<Api>>; functions?: Functions };
  /** Functions that need no API. */
  functions?: Functions;
}

/** Functions that a program calls, by token. */
export type Functions = Record<string, (inputs: Properties, signal: AbortSignal) => Promise<Properties>>;

type Handler = (request: never) => Promise<unknown>;

/** Starts the plugin on a free port of loopback and prints the port, as the engine expects it. */
export function servePlugin<Api>(plugin: ApiPlugin<Api>): void {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, unary(handlers(plugin)));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
    keepCompiled();
  });
  endWithParent(() => process.exit(1));
}

function unary(all: Record<string, Handler>): grpc.UntypedServiceImplementation {
  const wrap =
    (handler: Handler): grpc.handleUnaryCall<unknown, unknown> =>
    (call, reply) => {
      handler(call.request as never).then(
        (answer) => reply(null, answer),
        (error: unknown) => reply(rpcError(error)),
      );
    };
  return Object.fromEntries(Object.entries(all).map(([name, handler]) => [name, wrap(handler)]));
}

function handlers<Api>(plugin: ApiPlugin<Api>): Record<string, Handler> {
  const cancelled = new AbortController();
  const log = new EngineLog();
  let configured: ReturnType<ApiPlugin<Api>["configure"]> | undefined;

  /** Type tokens are the last part of the URN's third part: `stack::project::PARENT$TYPE::name`. */
  const resourceOf = (urn: string): { api: Api; resource: ApiResource<Api> } => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? urn;
    if (!configured) throw new Error(`${plugin.name}: not configured`);
    const resource = configured.resources[type];
    if (!resource) throw new Error(`${type} is not known to this stand-in of the ${plugin.name} plugin`);
    return { api: configured.api, resource };
  };

  return {
    getPluginInfo: async () => {
      const info = new PluginInfo();
      info.setVersion(plugin.version);
      return info;
    },
    attach: async () => new Empty(),
    cancel: async () => {
      cancelled.abort();
      return new Empty();
    },
    getSchema: async () => {
      const answer = new provider.GetSchemaResponse();
      answer.setSchema(JSON.stringify({ name: plugin.name, version: plugin.version }));
      return answer;
    },

    checkConfig: async (request: provider.CheckRequest) => {
      const news = fromStruct(request.getNews());
      // Of the engine, not of the plugin.
      delete news.version;
      const answer = new provider.CheckResponse();
      answer.setInputs(request.getNews());
      answer.setFailuresList(failures(refusals({ inputs: plugin.config }, news, isUnknown)));
      return answer;
    },
    diffConfig: async (request: provider.DiffRequest) => {
      return difference(fromStruct(request.getOldInputs()), fromStruct(request.getNews()), []);
    },
    configure: async (request: provider.ConfigureRequest) => {
      configured = plugin.configure(fromStruct(request.getArgs()), cancelled.signal);
      const answer = new provider.ConfigureResponse();
      // The engine keeps the secrets: outputs are secret where the inputs of the same name are.
      answer.setAcceptsecrets(false);
      answer.setSupportspreview(true);
      return answer;
    },

    check: async (request: provider.CheckRequest) => {
      const { resource } = resourceOf(request.getUrn());
      const news = fromStruct(request.getNews());
      const answer = new provider.CheckResponse();
      answer.setFailuresList(failures(refusals(resource, news, isUnknown)));
      answer.setInputs(toStruct(settledInputs(resource, fromStruct(request.getOlds()), news)));
      return answer;
    },
    diff: async (request: provider.DiffRequest) => {
      const { resource } = resourceOf(request.getUrn());
      return difference(fromStruct(request.getOldInputs()), fromStruct(request.getNews()), resource.replaceOn);
    },
    create: async (request: provider.CreateRequest) => {
      const { api, resource } = resourceOf(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      const answer = new provider.CreateResponse();
      if (request.getPreview()) {
        answer.setProperties(toStruct(inputs));
        return answer;
      }
      const made = await resource
        .create(api, inputs, callOf(request, cancelled.signal, log))
        .finally(() => log.flush());
      answer.setId(made.id);
      answer.setProperties(toStruct(sealed(made.outputs, resource.secretOutputs)));
      return answer;
    },
    read: async (request: provider.ReadRequest) => {
      const { api, resource } = resourceOf(request.getUrn());
      const old = { inputs: fromStruct(request.getInputs()), outputs: fromStruct(request.getProperties()) };
      const found = await resource.read(api, request.getId(), old);
      const answer = new provider.ReadResponse();
      if (!found) return answer;
      answer.setId(found.id);
      answer.setProperties(toStruct(sealed(found.outputs, resource.secretOutputs)));
      answer.setInputs(toStruct(inputsToday(resource, old.inputs, found.inputs)));
      return answer;
    },
    update: async (request: provider.UpdateRequest) => {
      const { api, resource } = resourceOf(request.getUrn());
      const inputs = fromStruct(request.getNews());
      const old = { inputs: fromStruct(request.getOldInputs()), outputs: fromStruct(request.getOlds()) };
      const answer = new provider.UpdateResponse();
      if (request.getPreview()) {
        const unsettled = (resource.unknownInUpdate ?? []).map((name) => [name, unknown]);
        answer.setProperties(toStruct({ ...old.outputs, ...inputs, ...Object.fromEntries(unsettled) }));
        return answer;
      }
      if (!resource.update) throw new Error("nothing of this resource can be updated");
      const call = callOf(request, cancelled.signal, log);
      const now = await resource.update(api, request.getId(), inputs, old, call).finally(() => log.flush());
      answer.setProperties(toStruct(sealed(now.outputs, resource.secretOutputs)));
      return answer;
    },
    delete: async (request: provider.DeleteRequest) => {
      const { api, resource } = resourceOf(request.getUrn());
      const outputs = fromStruct(request.getProperties());
      const call = callOf(request, cancelled.signal, log);
      await resource.delete(api, request.getId(), outputs, call).finally(() => log.flush());
      return new Empty();
    },

    invoke: async (request: provider.InvokeRequest) => {
      const run = (configured?.functions ?? plugin.functions)?.[request.getTok()];
      if (!run) throw new Error(`${request.getTok()} is not known to this stand-in of the ${plugin.name} plugin`);
      const outputs = await run(fromStruct(request.getArgs()), cancelled.signal);
      return new provider.InvokeResponse().setReturn(toStruct(outputs));
    },
  };
}

function failures(list: { property: string; reason: string }[]): provider.CheckFailure[] {
  return list.map(({ property, reason }) => {
    const failure = new provider.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });
}
