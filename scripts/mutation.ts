/**
 * Puts one fault at a time into a copy of this project and runs the tests that must notice. Golden files do not count: a
 * snapshot sees that a text is another one, not that it is wrong. Usage: mutation.ts [NAME] [--jobs NUMBER]; NAME picks the
 * faults whose name contains it. Exit code 1 when a fault went unseen.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { execa } from "execa";
import type { Mutant } from "../tests/mutation/mutant";
import { mutants } from "../tests/mutation/mutants";

const root = join(__dirname, "..");

/** A copy of what git knows and of what is new, with the same packages. */
async function copyOf(folder: string): Promise<void> {
  const { stdout } = await execa("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
  });
  for (const file of stdout.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
}

/** What the tests say: `seen` is a failed test; `broken` means that they did not come to judge. */
type Verdict = "seen" | "unseen" | "broken";

async function run(folder: string, test: string): Promise<Verdict> {
  const [layer, name] = test.split("/") as [string, string];
  if (layer === "host") {
    // Python trusts compiled files of the same second.
    const env = { PYTHONDONTWRITEBYTECODE: "1" };
    const words = ["-m", "unittest", "discover", "-s", "host/tests", "-t", "host", "-p", `${name}.py`];
    const { exitCode, stderr } = await execa("python3", words, { cwd: folder, env, reject: false });
    if (!/^Ran [1-9]\d* tests? /m.test(stderr)) return "broken";
    return exitCode === 0 ? "unseen" : "seen";
  }
  const report = join(folder, "mutation-report.json");
  rmSync(report, { force: true });
  const words = ["jest", "--ci", "--maxWorkers=1", "--json", `--outputFile=${report}`];
  await execa("npx", [...words, "--runTestsByPath", `tests/${test}.test.ts`], {
    cwd: folder,
    stdio: "ignore",
    reject: false,
  });
  if (!existsSync(report)) return "broken";
  const told = JSON.parse(readFileSync(report, "utf8")) as { numFailedTests: number; numPassedTests: number };
  if (told.numFailedTests > 0) return "seen";
  return told.numPassedTests > 0 ? "unseen" : "broken";
}

async function judge(folder: string, { file, from, to, test }: Mutant): Promise<Verdict | "misplaced"> {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) return "misplaced";
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    return await run(folder, test);
  } finally {
    writeFileSync(path, text);
  }
}

/** Gives each of the folders the next item as soon as it is free. */
async function inTurn<Item>(folders: string[], items: Item[], work: (folder: string, item: Item) => Promise<void>) {
  const waiting = [...items];
  await Promise.all(
    folders.map(async (folder) => {
      for (let item = waiting.shift(); item; item = waiting.shift()) await work(folder, item);
    }),
  );
}

async function main(filter: string | undefined, jobs: number): Promise<void> {
  const chosen = mutants.filter(({ name }) => !filter || name.includes(filter));
  if (chosen.length === 0) throw new Error(`no fault has "${filter}" in its name`);
  const top = mkdtempSync(join(tmpdir(), "mailstack-mutation-"));
  try {
    const folders = Array.from({ length: Math.min(jobs, chosen.length) }, (_, index) => join(top, String(index)));
    await Promise.all(folders.map(copyOf));
    const wrong: string[] = [];
    // A test that fails anyway notices nothing.
    await inTurn(folders, [...new Set(chosen.map(({ test }) => test))], async (folder, test) => {
      const verdict = await run(folder, test);
      if (verdict !== "unseen")
        wrong.push(`${test}: ${verdict === "seen" ? "fails" : "does not run"} without any fault`);
    });
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    let killed = 0;
    await inTurn(folders, chosen, async (folder, mutant) => {
      const verdict = await judge(folder, mutant);
      console.log(`${verdict.padEnd(9)} ${mutant.name} (${mutant.test})`);
      if (verdict === "seen") killed += 1;
      else wrong.push(`${mutant.name}: ${verdict} by ${mutant.test}`);
    });
    console.log(
      `\n${wrong.map((each) => `survived: ${each}\n`).join("")}${killed} faults seen, ${wrong.length} survived`,
    );
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    rmSync(top, { recursive: true });
  }
}

new Command("mutation")
  .argument("[name]", "only the faults whose name contains this text")
  .option("--jobs <number>", "how many at the same time", String(availableParallelism()))
  .action((name: string | undefined, { jobs }: { jobs: string }) => main(name, Number(jobs)))
  .parseAsync()
  .catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = 2;
  });
