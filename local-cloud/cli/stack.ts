import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa, type Options, type Result } from "execa";
import { parseDocument, type Document } from "yaml";
import { failureWords } from "./pulumi-words";
import { aloneOnStack, liftStaleLocks } from "./stack-lock";

/** The folder of this project. */
export const projectFolder = join(__dirname, "../..");

/** How a stack's Pulumi programs are run. */
export interface StackRunner {
  /** Environment of the engine and of the cloud: PATH, backend, trusted certificates. */
  environment: Record<string, string>;
  /** Puts the words before a command line that run it inside the cloud. */
  inCloud(command: string[]): string[];
}

type Progress = (line: string) => void;

/** How one `pulumi` is run: as execa takes it, and what interrupts it. */
export interface PulumiOptions extends Options {
  /** Once aborted, Pulumi ends the step it is at and writes the state down. */
  interrupt?: AbortSignal;
}

/** What a `pulumi` call did. */
export interface PulumiResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * One Pulumi stack in the local cloud. Its configuration starts as a copy of Pulumi.local.yaml and, like its state and
 * passphrase, is kept outside the tree.
 */
export class Stack {
  private constructor(
    readonly name: string,
    /** Folder of the configuration, the passphrase and the empty project that `pulumi stack init` writes into. */
    readonly folder: string,
    private readonly runner: StackRunner,
  ) {}

  /**
   * Opens the stack, making it first where it is new. One run at a time may be in here.
   * @param folder - Where the stack's files are kept, mode 0700.
   */
  static async open(name: string, folder: string, runner: StackRunner): Promise<Stack> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stack = new Stack(name, folder, runner);
    if (!existsSync(stack.passphraseFile))
      writeFileSync(stack.passphraseFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    const listed = await stack.run(["stack", "ls", "--json"], { cwd: stack.initFolder() });
    const known = JSON.parse(listed.stdout || "[]") as { name: string }[];
    if (!known.some((entry) => entry.name.split("/").at(-1) === name))
      await stack.run(["stack", "init", name, "--non-interactive"], { cwd: stack.initFolder() });
    return stack;
  }

  get configFile(): string {
    return join(this.folder, `Pulumi.${this.name}.yaml`);
  }

  /** Where Pulumi's file backend keeps the state; there from the first operation on. Each operation changes it. */
  get stateFile(): string {
    return join(this.backend, "stacks/mailstack", `${this.name}.json`);
  }

  private get backend(): string {
    return join(fileURLToPath(this.runner.environment.PULUMI_BACKEND_URL!), ".pulumi");
  }

  private get passphraseFile(): string {
    return join(this.folder, "passphrase");
  }

  /** `pulumi stack init` writes a settings file beside Pulumi.yaml; this keeps it out of the tree. */
  private initFolder(): string {
    const folder = join(this.folder, "init");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "Pulumi.yaml"), "name: mailstack\nruntime: nodejs\n");
    return folder;
  }

  /** Changes a value of the stack's configuration, `mailstack:users` for example; undefined removes it. */
  configure(change: (config: Document) => void): void {
    const document = parseDocument(readFileSync(this.configFile, "utf8"));
    change(document);
    this.write(document);
  }

  /**
   * Writes the configuration anew from a declared one, so that an edit of Pulumi.local.yaml counts at the next run.
   * Secrets and the salt of their encryption are carried over.
   * @throws Error with the line when the text is no YAML, or has a key twice.
   */
  declare(text: string, values: Record<string, unknown>): void {
    const document = parseDocument(text);
    const [wrong] = document.errors;
    if (wrong) throw new Error(`Pulumi.local.yaml: ${wrong.message.trim()}`);
    const before = existsSync(this.configFile) ? parseDocument(readFileSync(this.configFile, "utf8")) : undefined;
    const kept = (before?.toJS() ?? {}) as StackFile;
    for (const [key, value] of Object.entries({ ...values, ...secretsOf(kept) }))
      document.setIn(["config", key], value);
    if (kept.encryptionsalt) document.set("encryptionsalt", kept.encryptionsalt);
    this.write(document);
  }

  /** In one step: a `pulumi` of another run may be reading it. */
  private write(document: Document): void {
    const beside = `${this.configFile}.${process.pid}`;
    writeFileSync(beside, document.toString(), { mode: 0o600 });
    renameSync(beside, this.configFile);
  }

  /** Sets a secret value by the real CLI, which encrypts it. Not in the arguments: it goes through standard input. */
  async setSecret(key: string, value: string): Promise<void> {
    const file = parseDocument(readFileSync(this.configFile, "utf8"));
    if (file.hasIn(["config", key])) return;
    await this.pulumi(["config", "set", "--secret", key], { input: value });
  }

  /**
   * Does `work` while no other run changes this stack; waits for that run first.
   * @param lift - Called where a run was killed, to lift the lock it left.
   * @throws Error when the other run does not end in 20 minutes.
   */
  async exclusively(progress: Progress, lift: () => Promise<void>, work: () => Promise<void>): Promise<void> {
    const locks = join(this.backend, "locks/organization/mailstack", this.name);
    await aloneOnStack(this.folder, "up", progress, async () => {
      await liftStaleLocks(locks, progress, lift);
      await work();
    });
  }

  /**
   * Runs `pulumi` on this stack inside the cloud.
   * @throws Error with Pulumi's diagnostics when it fails, unless `reject: false`.
   */
  async pulumi(argv: string[], options: PulumiOptions = {}): Promise<PulumiResult> {
    return this.run([...argv, "--stack", this.name, "--non-interactive", ...this.configOption(argv)], {
      cwd: projectFolder,
      ...options,
    });
  }

  private configOption(argv: string[]): string[] {
    const readsConfig = ["up", "preview", "refresh", "destroy", "config", "import", "watch"];
    return readsConfig.includes(argv[0] ?? "") ? ["--config-file", this.configFile] : [];
  }

  /** For a program that calls `pulumi` by itself: the words before its arguments, and what it adds to the environment. */
  get caller(): { words: string[]; environment: Record<string, string> } {
    const secret = { PULUMI_CONFIG_PASSPHRASE_FILE: this.passphraseFile };
    return { words: this.runner.inCloud(["pulumi"]), environment: { ...this.runner.environment, ...secret } };
  }

  private async run(argv: string[], { interrupt, ...options }: PulumiOptions): Promise<PulumiResult> {
    const { words: caller, environment } = this.caller;
    const [program, ...words] = [...caller, ...argv];
    const running = execa(program!, words, {
      extendEnv: true,
      // Ctrl-C must reach it once, from us: a second one makes it drop everything.
      detached: interrupt !== undefined,
      ...options,
      reject: false,
      env: { ...environment, ...options.env },
    });
    interrupt?.addEventListener("abort", () => running.kill("SIGINT"));
    const result: Result = await running;
    const [stdout, stderr] = [String(result.stdout ?? ""), String(result.stderr ?? "")];
    if (result.exitCode !== 0 && options.reject !== false) {
      const what = argv.filter((word) => !word.startsWith("-")).slice(0, 2);
      const ended = failureWords(stdout, stderr) || result.shortMessage;
      throw new Error(`pulumi ${what.join(" ")} failed:\n${ended}`);
    }
    return { exitCode: result.exitCode ?? 1, stdout, stderr };
  }
}

interface StackFile {
  config?: Record<string, unknown>;
  encryptionsalt?: string;
}

function secretsOf(file: StackFile): Record<string, unknown> {
  const isSecret = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
  return Object.fromEntries(Object.entries(file.config ?? {}).filter(([, value]) => isSecret(value)));
}
