import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resource from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { answerTo, fakeCloud } from "./fake-cloud";

/** What a program told the engine. */
export interface Told {
  /** `type name` of every resource, in the order of registration. */
  resources: string[];
  /** Plugins with their versions, `name@version`, that resources asked for. */
  plugins: Set<string>;
  /** What the stack exports. */
  outputs: Record<string, unknown>;
  /** Messages for the user at severity "error". */
  errors: string[];
}

/** An engine that answers as the providers would and keeps what it hears. */
export interface FakeEngine {
  address: string;
  told: Told;
  stop(): void;
}

/** Starts an engine on a free port of the loopback address. */
export async function startFakeEngine(): Promise<FakeEngine> {
  const told: Told = { resources: [], plugins: new Set(), outputs: {}, errors: [] };
  const cloud = fakeCloud(false);
  let root = "";

  const monitor = handlers({
    getDeploymentInfo: () => {
      const info = new resource.DeploymentInfo();
      const { ResourceMonitorFeature: feature } = resource;
      info.setSupportedfeaturesList([
        feature.RESOURCE_MONITOR_FEATURE_SECRETS,
        feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
        feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
        feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
        feature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
      ]);
      return info;
    },
    registerPackage: (request: resource.RegisterPackageRequest) => {
      const reference = `${request.getName()}@${request.getVersion()}`;
      told.plugins.add(reference);
      const answer = new resource.RegisterPackageResponse();
      answer.setRef(reference);
      return answer;
    },
    registerResource: async (request: resource.RegisterResourceRequest) => {
      const [type, name] = [request.getType(), request.getName()];
      told.resources.push(`${type} ${name}`);
      const plugin = type.replace("pulumi:providers:", "").split(":")[0];
      if (request.getVersion()) told.plugins.add(`${plugin}@${request.getVersion()}`);
      const inputs = request.getObject()?.toJavaScript() ?? {};
      const made = await cloud.newResource({ type, name, inputs, custom: request.getCustom() });
      const answer = new resource.RegisterResourceResponse();
      answer.setUrn(`urn:pulumi:test::mailstack::${type}::${name}`);
      answer.setId(made.id ?? "");
      answer.setObject(Struct.fromJavaScript(made.state as Record<string, JavaScriptValue>));
      return answer;
    },
    invoke: (request: resource.ResourceInvokeRequest) => {
      const answer = new resource.ResourceInvokeResponse();
      const inputs = (request.getArgs()?.toJavaScript() ?? {}) as Record<string, unknown>;
      answer.setReturn(Struct.fromJavaScript(answerTo(request.getTok(), inputs) as Record<string, JavaScriptValue>));
      return answer;
    },
    registerResourceOutputs: (request: resource.RegisterResourceOutputsRequest) => {
      if (request.getUrn().includes("::pulumi:pulumi:Stack::"))
        told.outputs = request.getOutputs()?.toJavaScript() ?? {};
      return new Empty();
    },
    signalAndWaitForShutdown: () => new Empty(),
  });

  const engineSide = handlers({
    log: (request: engine.LogRequest) => {
      if (request.getSeverity() === engine.LogSeverity.ERROR) told.errors.push(request.getMessage());
      return new Empty();
    },
    setRootResource: (request: engine.SetRootResourceRequest) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    },
    getRootResource: () => {
      const answer = new engine.GetRootResourceResponse();
      answer.setUrn(root);
      return answer;
    },
  });

  const server = new grpc.Server();
  server.addService(ResourceMonitorService as unknown as grpc.ServiceDefinition, monitor);
  server.addService(EngineService as unknown as grpc.ServiceDefinition, engineSide);
  const credentials = grpc.ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { address: `127.0.0.1:${port}`, told, stop: () => server.forceShutdown() };
}

/** Calls without a handler are refused by the server itself, as "unimplemented". */
function handlers(functions: Record<string, (request: never) => unknown>): grpc.UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(functions).map(([name, answer]) => [
      name,
      (call: grpc.ServerUnaryCall<unknown, unknown>, reply: grpc.sendUnaryData<unknown>) => {
        // A handler that throws is an error of the test: the program is told, and its run fails.
        Promise.resolve()
          .then(() => answer(call.request as never))
          .then(
            (value) => reply(null, value),
            (error: Error) => reply({ code: grpc.status.INTERNAL, details: error.message }),
          );
      },
    ]),
  );
}
