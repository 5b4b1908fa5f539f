/** End-to-end tests of several systems at the same time: each system has a lane, with a cloud and a host of its own. */
import { basename } from "node:path";
import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles, type Counts } from "./node-tests";

const lanes = [
  { os: "debian12", cloud: "test12" },
  { os: "debian13", cloud: "test13" },
];

/** Files about what does not depend on the system of the host, and the lane that runs them. */
const onlyIn: Record<string, string> = {
  "config.test.ts": "debian12",
  "faults.test.ts": "debian12",
  "linode-dns.test.ts": "debian13",
  "local-command.test.ts": "debian13",
  "zz-destroy.test.ts": "debian12",
};

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
    lanes.map(({ os, cloud }) => {
      const own = files.filter((file) => (onlyIn[basename(file)] ?? os) === os);
      return runNode(own, { name: os, env: { ...env, MAILSTACK_TEST_OS: os, MAILSTACK_TEST_CLOUD: cloud } });
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
