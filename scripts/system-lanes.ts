/**
 * End-to-end tests in several lanes at the same time. Each lane has a cloud and a host of its own, of one system; it takes
 * the next file that wants that system until none is left.
 */
import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles } from "./node-tests";
import { jobsOf, stages, type Job, type System } from "./system-jobs";
import { sumOf, type Counts } from "./test-counts";

interface Lane {
  name: string;
  cloud: string;
  system: System;
}

/** Half of the time passes while something is waited for: two processors have enough to do with four. */
const lanes: Lane[] = [
  { name: "debian12", cloud: "test12", system: "debian12" },
  { name: "debian13", cloud: "test13", system: "debian13" },
  { name: "also12", cloud: "also12", system: "debian12" },
  { name: "also13", cloud: "also13", system: "debian13" },
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
  const jobs = jobsOf(files);
  const [ordinary, late] = [jobs.filter(stages.ordinary), jobs.filter(stages.late)];
  const counts: Counts[] = [];
  await Promise.all(
    lanes.map(async ({ name, cloud, system }) => {
      const start = Date.now();
      const own = (job: Job) => job.system === system;
      const isFirst = lanes.find((lane) => lane.system === system)?.name === name;
      let ran = false;
      const run = async (file: string) => {
        ran = true;
        const lane = { MAILSTACK_TEST_OS: system, MAILSTACK_TEST_CLOUD: cloud };
        const ended = await runNode([file], { name, env: { ...env, ...lane } });
        counts.push({ ...ended, reds: ended.reds.map((red) => `on ${system}, ${red}`) });
      };
      const drain = async (waiting: Job[]) => {
        for (let next = waiting.findIndex(own); next >= 0; next = waiting.findIndex(own))
          await run(waiting.splice(next, 1)[0]!.file);
      };
      await drain(ordinary);
      if (ran || isFirst) await drain(jobs.filter(stages.lane));
      await drain(late);
      if (isFirst) await drain(jobs.filter(stages.all));
      if (ran) console.log(`${name}  done after ${Math.round((Date.now() - start) / 1000)} s`);
    }),
  );
  return sumOf(counts);
}

/** What lanes left, also of a run that was killed. */
export async function clearLanes(): Promise<void> {
  const clouds = chosen() ? [process.env.MAILSTACK_TEST_CLOUD ?? "test"] : lanes.map(({ cloud }) => cloud);
  for (const cloud of clouds) await stopCloud(cloud, { purge: true });
}
