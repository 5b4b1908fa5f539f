import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";

const root = join(__dirname, "../..");

/** A job of a workflow, as far as tests look at it. */
export interface Job {
  if?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  steps: { name?: string; uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, unknown> }[];
}
export interface Workflow {
  file: string;
  text: string;
  on: Record<string, unknown>;
  permissions?: unknown;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

/** Every workflow of the repository. */
export function workflows(): Workflow[] {
  return globSync(join(root, ".github/workflows/*.{yml,yaml}"))
    .sort()
    .map((file) => {
      const text = readFileSync(file, "utf8");
      return { file: basename(file), text, ...(parse(text) as Omit<Workflow, "file" | "text">) };
    });
}

/** The one step of a workflow with this name. */
export function stepNamed(file: string, name: string): Job["steps"][number] {
  const steps = workflows().flatMap((one) => (one.file === file ? Object.values(one.jobs) : []));
  const [found, ...more] = steps.flatMap((job) => job.steps.filter((step) => step.name === name));
  if (!found || more.length > 0) throw new Error(`${file} does not have one step "${name}"`);
  return found;
}

export interface Ended {
  exitCode: number;
  output: string;
}

/** Runs the text of a step as GitHub's runner does: by `bash -e`, in the folder of the repository. */
export function runStep(run: string, environment: Record<string, string>): Promise<Ended> {
  const { PATH = "", HOME = "/root" } = process.env;
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", run],
      { cwd: root, env: { PATH, HOME, ...environment }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) =>
        resolve({ exitCode: error ? (typeof error.code === "number" ? error.code : 1) : 0, output: stdout + stderr }),
    );
  });
}
