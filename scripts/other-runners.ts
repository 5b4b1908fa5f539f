import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { execa } from "execa";
import { ensurePackages } from "../local-cloud/images/machine";
import type { NodeTest } from "./node-reporter";
import { byFile, endedBadly, testFiles, withReport } from "./node-tests";
import { countsOf, sumOf, type Counts } from "./test-counts";

const checks = ["check:types", "check:lint", "check:format", "check:docs", "check:api"];

/** The checks without tests; each counts as one. */
export async function runChecks(filter?: string): Promise<Counts> {
  const chosen = checks.filter((script) => !filter || script.includes(filter));
  if (chosen.length === 0) throw new Error(`no check of ${checks.join(", ")} has "${filter}" in its name`);
  const counts = countsOf([], {});
  for (const script of chosen) {
    const result = await execa("npm", ["run", "--silent", script], { stdio: "inherit", reject: false });
    counts[result.exitCode === 0 ? "passed" : "failed"] += 1;
  }
  return counts;
}

/** What is read of Jest's report. */
interface JestReport {
  testResults: {
    name: string;
    assertionResults: {
      fullName: string;
      failureMessages: string[];
      status: "passed" | "failed" | "pending" | "skipped" | "todo" | "disabled";
    }[];
  }[];
}

export async function runJest(filter?: string): Promise<Counts> {
  const files = testFiles(["tests/{unit,golden,behaviour}/**/*.test.ts"], filter);
  return withReport(async (report) => {
    // CI: a missing snapshot is a failure there, not a new snapshot.
    const options = ["--ci", "--json", `--outputFile=${report}`];
    const result = await execa("npx", ["jest", ...options, "--runTestsByPath", ...files], {
      stdio: ["ignore", "ignore", "inherit"],
      // What a recorded program leaves behind would be collected all the time: a tenth of the time of such files.
      env: { NODE_OPTIONS: "--max-semi-space-size=64" },
      reject: false,
    });
    const { testResults }: JestReport = existsSync(report)
      ? (JSON.parse(readFileSync(report, "utf8")) as JestReport)
      : { testResults: [] };
    const tests = testResults.flatMap(({ name: file, assertionResults }) =>
      assertionResults.map(({ fullName: title, status, failureMessages }): NodeTest => {
        const ran = status === "passed" || status === "failed";
        return {
          file,
          title,
          passed: status === "passed",
          ...(status === "failed" && { why: failureMessages.join("\n") }),
          ...(!ran && { left: status === "todo" ? "todo" : "skipped" }),
        };
      }),
    );
    return endedBadly(countsOf(files, byFile(tests)), result.exitCode);
  });
}

/** Each file in a process of its own, as many at a time as there are processors; the longest ones begin first. */
export async function runUnittest(filter?: string): Promise<Counts> {
  const files = testFiles(["host/tests/test_*.py"], filter);
  await ensurePackages({ "/usr/bin/restic": "restic" }, console.error);
  const waiting = files.toSorted((one, other) => weight(other) - weight(one));
  const parts: Counts[] = [];
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) parts.push(await runUnittestFile(file));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return sumOf(parts);
}

/** How long a file takes, roughly: those about backups start restic some dozen times for each test. */
function weight(file: string): number {
  const text = readFileSync(file, "utf8");
  return text.length * (text.includes("backup_case") ? 100 : 1);
}

function runUnittestFile(file: string): Promise<Counts> {
  return withReport(async (report) => {
    const command = [`${__dirname}/unittest-report.py`, basename(file), report];
    const result = await execa("python3", command, { stdin: "ignore", all: true, reject: false });
    console.log(`${file}\n${result.all}`);
    const lines = existsSync(report) ? readFileSync(report, "utf8").trim().split("\n").filter(Boolean) : [];
    return endedBadly(countsOf([file], byFile(lines.map((line) => JSON.parse(line) as NodeTest))), result.exitCode);
  });
}
