/** End-to-end tests of several systems at the same time: each lane has a cloud and a host of its own. */
import { basename } from "node:path";
import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles, type Counts } from "./node-tests";

/** Files about what does not depend on the system of the host. A lane of their own runs them, beside the others. */
const anySystem = new Set([
  "config.test.ts",
  "faults.test.ts",
  "linode-dns.test.ts",
  "linode-host.test.ts",
  "local-command.test.ts",
  "zz-destroy.test.ts",
]);

const lanes = [
  { name: "debian12", os: "debian12", cloud: "test12", runs: (file: string) => !anySystem.has(file) },
  { name: "debian13", os: "debian13", cloud: "test13", runs: (file: string) => !anySystem.has(file) },
  { name: "any", os: "debian12", cloud: "test", runs: (file: string) => anySystem.has(file) },
];

/** Whoever names a cloud or a system gets just that, in one lane. */
const chosen = () => process.env.MAILSTACK_TEST_CLOUD ?? process.env.MAILSTACK_TEST_OS;

export async function runLanes(
  patterns: string[],
  filter: string | undefined,
  env: Record<string, string>,
): Promise<Counts> {
  const files = testFiles(patterns, filter);
  if (chosen()) return runNode(files, { env });
  const all = await Promise.all(
    lanes.map(({ name, os, cloud, runs }) => {
      const own = files.filter((file) => runs(basename(file)));
      return runNode(own, { name, env: { ...env, MAILSTACK_TEST_OS: os, MAILSTACK_TEST_CLOUD: cloud } });
    }),
  );
  const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/** What lanes left, also of a run that was killed. */
export async function clearLanes(): Promise<void> {
  const clouds = chosen() ? [process.env.MAILSTACK_TEST_CLOUD ?? "test"] : lanes.map(({ cloud }) => cloud);
  for (const cloud of clouds) await stopCloud(cloud, { purge: true });
}
