/** End-to-end tests of several systems at the same time: each lane has a cloud and a host of its own. */
import { basename } from "node:path";
import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles } from "./node-tests";
import { sumOf, type Counts } from "./test-counts";

/** Files about what does not depend on the system of the host. */
const anySystem = new Set([
  "cloud-firewall.test.ts",
  "config.test.ts",
  "faults.test.ts",
  "foreign-records.test.ts",
  "library.test.ts",
  "linode-dns.test.ts",
  "linode-host.test.ts",
  "local-command.test.ts",
  "workflows.test.ts",
  "zz-destroy.test.ts",
]);
/** Files that take minutes: whichever lane has ended its own files takes the next one, so that none ends long after. */
const slow = ["volume.test.ts", "fail2ban.test.ts", "filters.test.ts"];
const others = (file: string) => !anySystem.has(file) && !slow.includes(file);

interface SystemLane {
  name: string;
  cloud: string;
  os: string;
  runs(file: string): boolean;
  /** What the lane takes of the slow files: a system that it has no host of yet has to be made first. */
  takes: string[];
}

const lanes: SystemLane[] = [
  { name: "debian12", cloud: "test12", os: "debian12", runs: others, takes: ["debian12"] },
  { name: "debian13", cloud: "test13", os: "debian13", runs: others, takes: ["debian13"] },
  {
    name: "beside",
    cloud: "test",
    os: "debian12",
    runs: (file) => anySystem.has(file),
    takes: ["debian12", "debian13"],
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
  const waiting = slow.flatMap((name) =>
    ["debian12", "debian13"].map((os) => ({ os, files: files.filter((file) => basename(file) === name) })),
  );
  const counts: Counts[] = [];
  await Promise.all(
    lanes.map(async ({ name, cloud, os: own, runs, takes }) => {
      const start = Date.now();
      const run = async (os: string, picked: string[]) => {
        const systems = { MAILSTACK_TEST_OS: os, MAILSTACK_TEST_CLOUD: cloud };
        counts.push(await runNode(picked, { name, env: { ...env, ...systems } }));
      };
      await run(
        own,
        files.filter((file) => runs(basename(file))),
      );
      const next = () => waiting.findIndex(({ os }) => takes.includes(os));
      for (let index = next(); index >= 0; index = next()) {
        const [job] = waiting.splice(index, 1);
        await run(job!.os, job!.files);
      }
      console.log(`${name}  done after ${Math.round((Date.now() - start) / 1000)} s`);
    }),
  );
  return sumOf(counts);
}

/** What lanes left, also of a run that was killed. */
export async function clearLanes(): Promise<void> {
  const clouds = chosen() ? [process.env.MAILSTACK_TEST_CLOUD ?? "test"] : lanes.map(({ cloud }) => cloud);
  for (const cloud of clouds) await stopCloud(cloud, { purge: true });
}
