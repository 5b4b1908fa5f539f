import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { cloudEnvironment, inCloud } from "../../../local-cloud/cloud/lifecycle";
import { engineEnvironment, prepareEngine } from "../../../local-cloud/engine";
import { stateFolder } from "../../../local-cloud/places";
import { testCloud } from "./servers";

const root = join(__dirname, "../../..");

/** What a program printed, and how it ended. */
export interface Ran {
  exitCode: number;
  text: string;
}

/** The package as `npm pack` makes it. */
export interface Packed {
  /** Path of the archive. */
  archive: string;
  /** Paths of the files in it. */
  files: string[];
}

/** Programs of others, in folders of their own below one that goes away at the end. */
export class Outside {
  readonly folder = mkdtempSync(join(tmpdir(), "mailstack-outside-"));

  async pack(): Promise<Packed> {
    const words = ["pack", "--json", "--silent", "--pack-destination", this.folder];
    const { stdout } = await execa("npm", words, { cwd: root });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as { filename: string; files: { path: string }[] }[];
    return { archive: join(this.folder, packed!.filename), files: packed!.files.map(({ path }) => path) };
  }

  /** A copy of an example that takes the library from the archive; nothing else of this project is beside it. */
  copy(example: string, archive: string): string {
    const folder = join(this.folder, example);
    cpSync(join(root, "examples", example), folder, { recursive: true });
    const manifest = join(folder, "package.json");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    const text = readFileSync(manifest, "utf8");
    if (!text.includes(`"mailstack": "${version}"`)) throw new Error(`examples/${example} is not for ${version}`);
    writeFileSync(manifest, text.replace(`"mailstack": "${version}"`, `"mailstack": "file:${archive}"`));
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a program of this machine. */
export async function run(command: string[], options: Options): Promise<Ran> {
  const [program, ...words] = command;
  const { exitCode, stdout, stderr } = await execa(program!, words, { ...options, reject: false });
  return { exitCode: exitCode ?? 1, text: `${String(stdout)}${String(stderr)}` };
}

/** Like {@link run}; throws what was printed when the program fails. */
export async function must(command: string[], options: Options): Promise<string> {
  const { exitCode, text } = await run(command, options);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit ${exitCode}\n${text}`);
  return text;
}

/** The Pulumi CLI in the folder of such a program, with a backend and a passphrase of its own. */
export class OutsideProgram {
  private constructor(
    readonly folder: string,
    private readonly environment: Record<string, string>,
  ) {}

  static async open(folder: string): Promise<OutsideProgram> {
    const { binDirectory } = await prepareEngine({ progress: console.error });
    // Where the cloud looks for what a killed run left, see half-made.ts; removed with the cloud.
    const stateDirectory = join(stateFolder(testCloud), "outside");
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    const engine = engineEnvironment({ stateDirectory, binDirectory });
    return new OutsideProgram(folder, { ...engine, PULUMI_CONFIG_PASSPHRASE: "outside" });
  }

  /** On this machine itself, from where npm's packages come. */
  here(words: string[], options: Options = {}): Promise<string> {
    return must(["pulumi", ...words, "--color=never"], { cwd: this.folder, env: this.environment, ...options });
  }

  /** Like {@link here}, on a terminal. @param answers - By words of the question. */
  asked(words: string[], answers: Record<string, string>): Promise<string> {
    const input = JSON.stringify({ command: ["pulumi", ...words, "--color=never"], answers });
    // On these the CLI asks nothing.
    const env = { ...this.environment, TERM: "xterm", CI: undefined, GITHUB_ACTIONS: undefined };
    return must(["python3", join(__dirname, "answer-prompts.py")], { cwd: this.folder, env, input });
  }

  /** Inside the cloud, where the APIs and the hosts are. */
  inCloud(words: string[]): Promise<Ran> {
    const env = { ...this.environment, ...cloudEnvironment(testCloud) };
    return run(inCloud(testCloud, ["pulumi", ...words, "--non-interactive", "--color=never"]), {
      cwd: this.folder,
      env,
    });
  }

  async output(name: string): Promise<string> {
    return (await this.here(["stack", "output", name])).trim();
  }
}

/** What git has below these paths of the project. */
export async function tracked(...paths: string[]): Promise<string[]> {
  const { stdout } = await execa("git", ["ls-files", ...paths], { cwd: root });
  return stdout.split("\n").filter(Boolean);
}
