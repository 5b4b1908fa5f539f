/** One stack of the test's program in an own folder, run by the real CLI. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { engineEnvironment, prepareEngine, type Engine } from "../../../local-cloud/engine";

/** A resource that the program shall make; see `engine-program/index.ts`. */
export interface Wish {
  kind: "password" | "bytes" | "string" | "local" | "remote" | "copy";
  name: string;
  args: object;
  secret?: string[];
  after?: string;
  /** `customTimeouts`, for all operations. */
  seconds?: number;
}

export interface Outcome {
  code: number | null;
  text: string;
}

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

export class EngineStack {
  private readonly environment: Record<string, string>;

  private constructor(
    readonly folder: string,
    readonly engine: Engine,
    private readonly name: string,
  ) {
    this.environment = engineEnvironment({ stateDirectory: folder, binDirectory: engine.binDirectory });
  }

  /** @param program - Folder below tests/cloud; `name` is the stack's. */
  static async start(program = "engine-program", name = "test"): Promise<EngineStack> {
    const engine = await prepareEngine({ progress: (line) => console.error(line) });
    const stack = new EngineStack(mkdtempSync(join(tmpdir(), "engine-")), engine, name);
    cpSync(join(__dirname, "..", program), stack.program, { recursive: true });
    writeFileSync(join(stack.program, "package.json"), '{ "private": true }\n');
    symlinkSync(join(__dirname, "../../../node_modules"), join(stack.program, "node_modules"));
    await stack.succeed("stack", "init", name);
    return stack;
  }

  get program(): string {
    return join(this.folder, "program");
  }

  /** What the next run of the program makes. Values of `config` are plain. */
  wish(wishes: Wish[], config: Record<string, string> = {}): void {
    const entries = Object.entries({ ...config, wishes: JSON.stringify(wishes) });
    const values = Object.fromEntries(entries.map(([key, value]) => [`engine:${key}`, value]));
    writeFileSync(join(this.program, "Pulumi.test.yaml"), stringify({ config: values }));
  }

  /** Starts the CLI without waiting for it. */
  spawn(...args: string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
    const stack = args.includes("init") ? [] : ["--stack", this.name];
    const child = spawn("pulumi", [...args, "--non-interactive", "--color=never", ...stack], {
      cwd: this.program,
      env: { ...process.env, ...this.environment, PULUMI_CONFIG_PASSPHRASE: "test", SSH_AUTH_SOCK: undefined },
    });
    let text = "";
    child.stdout.on("data", (data: Buffer) => (text += data.toString()));
    child.stderr.on("data", (data: Buffer) => (text += data.toString()));
    const outcome = new Promise<Outcome>((resolve) => child.once("close", (code) => resolve({ code, text })));
    return { child, outcome };
  }

  pulumi(...args: string[]): Promise<Outcome> {
    return this.spawn(...args).outcome;
  }

  /** Like {@link pulumi}; throws what was printed when the CLI fails. */
  async succeed(...args: string[]): Promise<string> {
    const { code, text } = await this.pulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit ${code}\n${text}`);
    return text;
  }

  /** What the CLI prints, without a stack. */
  async outside(...args: string[]): Promise<string> {
    const env = { ...process.env, ...this.environment };
    return (await execa("pulumi", args, { cwd: this.folder, env, stripFinalNewline: false })).stdout;
  }

  up(): Promise<string> {
    return this.succeed("up", "--yes", "--skip-preview");
  }

  /** The resources of the stack's state by name, secrets open. */
  async resources(): Promise<Map<string, StateResource>> {
    const text = await this.succeed("stack", "export", "--show-secrets");
    const { deployment } = JSON.parse(text) as { deployment: { resources?: StateResource[] } };
    return new Map((deployment.resources ?? []).map((one) => [one.urn.split("::").at(-1)!, one]));
  }

  /** The state as it lies on the disk. */
  exported(): Promise<string> {
    return this.succeed("stack", "export");
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Counts in the CLI's summary. */
export function summary(text: string): Record<string, number> {
  const lines = /Resources:\n((?: {4}.*\n)+)/.exec(text)?.[1] ?? "";
  return Object.fromEntries(
    [...lines.matchAll(/(\d+) (to )?(\w+)/g)].map(([, count, , what]) => [what, Number(count)]),
  );
}

/** The text of a secret of the state. */
export function opened(value: unknown): unknown {
  return JSON.parse((value as { plaintext: string }).plaintext);
}
