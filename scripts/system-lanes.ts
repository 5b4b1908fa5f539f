/** End-to-end tests of several systems at the same time: each lane has a cloud and a host of its own. */
import { basename } from "node:path";
import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles, type Counts } from "./node-tests";

/** Files about what does not depend on the system of the host. */
const anySystem = new Set([
  "config.test.ts",
  "faults.test.ts",
  "linode-dns.test.ts",
  "linode-host.test.ts",
  "local-command.test.ts",
  "zz-destroy.test.ts",
]);
/** Files that wait for minutes, while others can use the processors: here so that the lanes take equally long. */
const slow = new Set(["fail2ban.test.ts", "filters.test.ts", "volume.test.ts"]);
const others = (file: string) => !anySystem.has(file) && !slow.has(file);

/** The parts of a lane run one after the other. */
const lanes = [
  { name: "debian12", cloud: "test12", parts: [{ os: "debian12", runs: others }] },
  { name: "debian13", cloud: "test13", parts: [{ os: "debian13", runs: others }] },
  {
    name: "beside",
    cloud: "test",
    parts: [
      { os: "debian12", runs: (file: string) => anySystem.has(file) },
      { os: "debian12,debian13", runs: (file: string) => slow.has(file) },
    ],
  },
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
  const counts: Counts[] = [];
  await Promise.all(
    lanes.map(async ({ name, cloud, parts }) => {
      const start = Date.now();
      for (const { os, runs } of parts) {
        const own = files.filter((file) => runs(basename(file)));
        const systems = { MAILSTACK_TEST_OS: os, MAILSTACK_TEST_CLOUD: cloud };
        counts.push(await runNode(own, { name, env: { ...env, ...systems } }));
      }
      console.log(`${name}  done after ${Math.round((Date.now() - start) / 1000)} s`);
    }),
  );
  const sum = (key: keyof Counts) => counts.reduce((total, one) => total + one[key], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/** What lanes left, also of a run that was killed. */
export async function clearLanes(): Promise<void> {
  const clouds = chosen() ? [process.env.MAILSTACK_TEST_CLOUD ?? "test"] : lanes.map(({ cloud }) => cloud);
  for (const cloud of clouds) await stopCloud(cloud, { purge: true });
}
