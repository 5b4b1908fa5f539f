/** What the engine says of one request, for the resource that serves it. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { Call } from "./api-resource";

/** A request about one resource, as the engine sends it. */
interface ResourceRequest {
  getUrn(): string;
  /** Seconds; 0: no limit. */
  getTimeout(): number;
}

/** The engine that started this plugin: the address is the last word of the command line. */
export class EngineLog {
  private client: EngineClient | undefined;
  private last: Promise<void> = Promise.resolve();

  /** Lines arrive in the order of the calls. */
  status(urn: string, line: string): void {
    const request = new LogRequest().setSeverity(LogSeverity.INFO).setUrn(urn).setMessage(line).setEphemeral(true);
    this.last = this.last.then(() => this.send(request));
  }

  /** Resolves when the engine has all lines. */
  async flush(): Promise<void> {
    await this.last;
  }

  private send(request: LogRequest): Promise<void> {
    this.client ??= new EngineClient(process.argv.at(-1)!, grpc.credentials.createInsecure());
    // A line that is only shown; an engine that is gone does not read it.
    return new Promise((resolve) => this.client!.log(request, () => resolve()));
  }
}

export function callOf(request: ResourceRequest, cancelled: AbortSignal, log: EngineLog): Call {
  const seconds = request.getTimeout();
  const urn = request.getUrn();
  return {
    name: urn.split("::").slice(3).join("::"),
    signal: seconds > 0 ? AbortSignal.any([cancelled, AbortSignal.timeout(seconds * 1000)]) : cancelled,
    status: (line) => log.status(urn, line),
  };
}
