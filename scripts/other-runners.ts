import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { execa } from "execa";
import { ensurePackages } from "../local-cloud/images/machine";
import type { NodeTest } from "./node-reporter";
import { byFile, endedBadly, testFiles, withReport } from "./node-tests";
import { countsOf, type Counts } from "./test-counts";

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

export async function runUnittest(filter?: string): Promise<Counts> {
  const files = testFiles(["host/tests/test_*.py"], filter);
  await ensurePackages({ "/usr/bin/restic": "restic" }, console.error);
  return withReport(async (report) => {
    const pattern = filter ? `test_*${filter.replace(/^test_/, "")}*` : "test_*.py";
    const command = [relative(process.cwd(), `${__dirname}/unittest-report.py`), pattern, report];
    const result = await execa("python3", command, { stdio: ["ignore", "inherit", "inherit"], reject: false });
    const lines = existsSync(report) ? readFileSync(report, "utf8").trim().split("\n").filter(Boolean) : [];
    return endedBadly(countsOf(files, byFile(lines.map((line) => JSON.parse(line) as NodeTest))), result.exitCode);
  });
}
