/** Runs the program by the SDK's own runner, `@pulumi/pulumi/cmd/run`. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { RunResponse, type RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { nodeOptions } from "./options";

/** The runner's exit code for "the user has been told"; nothing more is printed (`cmd/run/index.ts` of the SDK). */
const toldAlready = 32;
/** How long a program may take to end after a cancellation; as in the vendor's host. */
const endDelay = 5000;

export class ProgramRunner {
  private readonly cancelled = new AbortController();
  private running: Promise<unknown> = Promise.resolve();

  /** @param engineAddress - Where the program reports to, `127.0.0.1:PORT`. */
  constructor(public engineAddress: string) {}

  /** Ends the program that runs, and every later one. */
  cancel(): void {
    this.cancelled.abort();
  }

  /** Resolves when no program runs. */
  async ended(): Promise<void> {
    await this.running.catch(() => undefined);
  }

  /** @param signal - Aborted when the engine gives up this one call. */
  run(request: RunRequest, signal: AbortSignal): Promise<RunResponse> {
    const run = this.start(request, AbortSignal.any([signal, this.cancelled.signal])).catch((error: Error) =>
      new RunResponse().setError(error.message),
    );
    this.running = run;
    return run;
  }

  private async start(request: RunRequest, cancelled: AbortSignal): Promise<RunResponse> {
    const info = request.getInfo()!;
    const options = nodeOptions(info);
    const environment: NodeJS.ProcessEnv = {
      ...process.env,
      PULUMI_CONFIG: passable(JSON.stringify(configuration(request))),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      ...(options.typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
      ...(options.tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
    };
    const command = [...options.nodeArguments, runnerIn(info.getProgramDirectory(), "run"), ...this.arguments(request)];
    const child = spawn("node", command, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill("SIGINT");
      killer = setTimeout(() => child.kill("SIGKILL"), endDelay);
    };
    if (cancelled.aborted) stop();
    cancelled.addEventListener("abort", stop, { once: true });
    // Not inherited: Node changes the blocking mode of its pipes, and these are shared with the engine.
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    try {
      return await ending(child);
    } finally {
      clearTimeout(killer);
      cancelled.removeEventListener("abort", stop);
    }
  }

  private arguments(request: RunRequest): string[] {
    const info = request.getInfo()!;
    const named: [string, string][] = [
      ["--monitor", request.getMonitorAddress()],
      ["--engine", this.engineAddress],
      ["--organization", request.getOrganization()],
      ["--project", request.getProject()],
      ["--root-directory", info.getRootDirectory()],
      ["--stack", request.getStack()],
      ["--pwd", info.getProgramDirectory()],
    ];
    return [
      ...named.filter(([, value]) => value !== "").flat(),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      "--parallel",
      String(request.getParallel()),
      info.getEntryPoint(),
      ...request.getArgsList(),
    ];
  }
}

/** Linux: the longest NAME=VALUE of an environment, with the byte that ends it (execve(2), MAX_ARG_STRLEN). */
const longestVariable = 32 * 4096;

/** @throws Error where the program cannot be started with a configuration of this size; the kernel says only E2BIG. */
function passable(config: string): string {
  const size = Buffer.byteLength(`PULUMI_CONFIG=${config}`) + 1;
  if (size <= longestVariable) return config;
  throw new Error(
    `the stack's configuration takes ${size} bytes as an environment variable, and Linux allows ${longestVariable}; ` +
      "move users and aliases into a file, see mailstack:usersFile",
  );
}

/** The SDK wants the older form of the keys, `mailstack:config:domain`. */
function configuration(request: RunRequest): Record<string, string> {
  const entries = request.getConfigMap().toArray();
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const words = key.split(":");
      return [words.length === 2 ? `${words[0]}:config:${words[1]}` : key, value];
    }),
  );
}

/** Path of one of the SDK's runners, as the folder's own packages have it. */
export function runnerIn(folder: string, name: "run" | "run-plugin" | "run-policy-pack"): string {
  try {
    return createRequire(join(folder, "package.json")).resolve(`@pulumi/pulumi/cmd/${name}`);
  } catch {
    throw new Error("It looks like the Pulumi SDK has not been installed. Have you run pulumi install?");
  }
}

function ending(child: ReturnType<typeof spawn>): Promise<RunResponse> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`Problem executing program: ${error.message}`)));
    // `close`, not `exit`: all that it printed has been read.
    child.once("close", (code, signal) => {
      const answer = new RunResponse();
      if (code === toldAlready) answer.setBail(true);
      else if (code !== 0) answer.setError(`Program exited with non-zero exit code: ${code ?? signal}`);
      resolve(answer);
    });
  });
}
