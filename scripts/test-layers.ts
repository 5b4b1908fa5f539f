import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { stopCloud } from "../local-cloud/cloud/lifecycle";

export interface Counts {
  passed: number;
  failed: number;
}

/** One layer of tests. */
export interface Layer {
  name: string;
  about: string;
  /** Why this machine cannot run the layer; undefined when it can. */
  hindrance(): string | undefined;
  /** @param filter - Only files whose name contains it. */
  run(filter?: string): Promise<Counts>;
  /** What `npm test` does before and after; a layer that runs alone leaves its cloud for the next run. */
  clear?(): Promise<void>;
}

const notRoot = () => (process.getuid?.() === 0 ? undefined : "it boots hosts, which needs root");
const always = () => undefined;
/** On a machine that has Pulumi, the project's own stand-ins are tested all the same. */
const standIns = { MAILSTACK_ENGINE: "standins" };
/** The main job, and the tests whose expectations both kinds of the engine must meet. */
const vendorFiles = [
  "tests/cloud/engine*.test.ts",
  "tests/cloud/providers.test.ts",
  "tests/e2e/mail.test.ts",
  "tests/e2e/engine.test.ts",
  "tests/e2e/linode-dns.test.ts",
];
const vendorEngine = { MAILSTACK_ENGINE: "vendor", MAILSTACK_TEST_CLOUD: "vendor", MAILSTACK_TEST_OS: "debian12" };
const vendorFolder = process.env.MAILSTACK_ENGINE_DIR;

export const layers: Layer[] = [
  { name: "check", about: "types, lint, format and the generated pages", hindrance: always, run: runChecks },
  { name: "unit", about: "the program with Pulumi's mocks, and golden files", hindrance: always, run: runJest },
  { name: "host", about: "the applier on its own", hindrance: notRoot, run: runUnittest },
  {
    name: "cloud",
    about: "the parts of the local cloud",
    hindrance: notRoot,
    run: (filter) => runNode(["tests/cloud/**/*.test.ts"], filter, standIns),
  },
  {
    name: "e2e",
    about: "real hosts by a real pulumi up",
    hindrance: notRoot,
    run: (filter) => runNode(["tests/e2e/**/*.test.ts"], filter, standIns),
    clear: () => stopCloud(process.env.MAILSTACK_TEST_CLOUD ?? "test", { purge: true }),
  },
  {
    name: "vendor",
    about: "the main job on the vendor's own plugins",
    hindrance: () =>
      notRoot() ?? (vendorFolder ? undefined : "MAILSTACK_ENGINE_DIR names no folder with the vendor's plugins"),
    run: (filter) => runNode(vendorFiles, filter, vendorEngine),
    clear: () => stopCloud(vendorEngine.MAILSTACK_TEST_CLOUD, { purge: true }),
  },
];

async function runChecks(): Promise<Counts> {
  const counts = { passed: 0, failed: 0 };
  for (const script of ["check:types", "check:lint", "check:format", "check:docs"]) {
    const result = await execa("npm", ["run", "--silent", script], { stdio: "inherit", reject: false });
    counts[result.exitCode === 0 ? "passed" : "failed"] += 1;
  }
  return counts;
}

async function runJest(filter?: string): Promise<Counts> {
  return withReport(async (report) => {
    // CI: a missing snapshot is a failure there, not a new snapshot.
    const options = ["--ci", "--json", `--outputFile=${report}`];
    await execa("npx", ["jest", ...options, ...(filter ? [filter] : [])], {
      stdio: ["ignore", "ignore", "inherit"],
      reject: false,
    });
    const json = JSON.parse(readFileSync(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numRuntimeErrorTestSuites: number;
    };
    return { passed: json.numPassedTests, failed: json.numFailedTests + json.numRuntimeErrorTestSuites };
  });
}

async function runUnittest(filter?: string): Promise<Counts> {
  const command = ["-m", "unittest", "discover", "-s", "host/tests", "-t", "host", ...(filter ? ["-k", filter] : [])];
  const result = await execa("python3", command, { stdout: "inherit", stderr: ["inherit", "pipe"], reject: false });
  const ran = Number(/^Ran (\d+) tests?/m.exec(result.stderr)?.[1] ?? 0);
  const wrong = [...result.stderr.matchAll(/(?:failures|errors)=(\d+)/g)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
  const failed = result.exitCode === 0 ? 0 : Math.max(1, wrong);
  return { passed: Math.max(0, ran - failed), failed };
}

async function runNode(patterns: string[], filter: string | undefined, env: Record<string, string>): Promise<Counts> {
  const named = (file: string) => !filter || basename(file).includes(filter);
  const files = globSync(patterns).filter(named);
  if (files.length === 0) return { passed: 0, failed: 0 };
  return withReport(async (report) => {
    const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
    const counters = ["--test-reporter=tap", `--test-reporter-destination=${report}`];
    // One file at a time: the files share the cloud, and the machine may have two cores.
    const options = [
      "--conditions=import",
      "--import",
      "tsx",
      "--test",
      "--test-concurrency=1",
      ...reporters,
      ...counters,
    ];
    const result = await execa(process.execPath, [...options, ...files.sort()], {
      stdio: "inherit",
      env,
      reject: false,
    });
    const tap = readFileSync(report, "utf8");
    const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)`, "m").exec(tap)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    return { passed: count("pass"), failed: result.exitCode === 0 ? failed : Math.max(1, failed) };
  });
}

async function withReport(run: (file: string) => Promise<Counts>): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "mailstack-test-"));
  try {
    return await run(join(folder, "report"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
