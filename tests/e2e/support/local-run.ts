import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { projectFolder } from "../../../local-cloud/cli/stack";

/** How a `npm run local` is started. */
export interface LocalStart {
  /** Words before the command line. */
  before?: string[];
  env?: Record<string, string>;
}

/** `npm run local -- WORDS`, without npm around it: npm would take the signals. */
function start(words: string[], { before = [], env = {} }: LocalStart) {
  const command = ["sh", join(projectFolder, "scripts/with-node22"), "local-cloud/cli/main.ts", ...words];
  const [program, ...rest] = [...before, ...command];
  // A process group of its own, as a shell gives one to what a terminal's Ctrl-C ends.
  return execa(program!, rest, { cwd: projectFolder, env, reject: false, detached: true, timeout: 600_000 });
}

/** Runs it to its end. */
export async function localCommand(words: string[], options: LocalStart = {}) {
  const { stdout, stderr, exitCode } = await start(words, options);
  return { stdout, stderr, exitCode: exitCode ?? 1 };
}

/** A `npm run local` that a test looks at while it runs. */
export class LocalRun {
  /** All that it has printed so far. */
  said = "";
  /** Its exit code. */
  readonly ended: Promise<number>;
  private readonly running;
  private over = false;

  constructor(words: string[]) {
    this.running = start(words, {});
    for (const stream of [this.running.stdout, this.running.stderr])
      stream.on("data", (chunk: Buffer) => (this.said += String(chunk)));
    this.ended = this.running.then(({ exitCode, signal }) => {
      this.over = true;
      return exitCode ?? (signal === "SIGINT" ? 130 : 137);
    });
  }

  /** Waits until it prints this. @throws Error when it ends without, or after four minutes. */
  async says(words: RegExp): Promise<void> {
    await this.reaches(`saying ${words}`, () => words.test(this.said), 240);
  }

  /** Waits until something holds that it brings about. @throws Error with all it said when it ends before, or it takes too long. */
  async reaches(what: string, holds: () => boolean, seconds: number): Promise<void> {
    for (const end = Date.now() + seconds * 1000; !holds(); await sleep(50))
      if (this.over || Date.now() > end)
        throw new Error(`${this.over ? "it ended" : `it took over ${seconds} s`} without ${what}:\n${this.said}`);
  }

  /** Ctrl-C at the terminal: to every process of the group. */
  async interrupt(): Promise<number> {
    process.kill(-this.running.pid!, "SIGINT");
    return this.ended;
  }

  /** What nothing can be done against. */
  async kill(): Promise<number> {
    process.kill(-this.running.pid!, "SIGKILL");
    return this.ended;
  }
}
