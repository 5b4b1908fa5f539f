import { stopCloud } from "../local-cloud/cloud/lifecycle";
import { runNode, testFiles } from "./node-tests";
import { missingHistory } from "./history";
import { runChecks, runJest, runUnittest } from "./other-runners";
import { readRelease, recordedDays } from "./recorded-release";
import { clearLanes, runLanes } from "./system-lanes";
import type { Counts } from "./test-counts";

/** One layer of tests. */
export interface Layer {
  name: string;
  about: string;
  /** Why this machine cannot run the layer; undefined when it can. */
  hindrance(): string | undefined;
  /** Runs at the same time as the layer before it: none of them uses all of a small machine. */
  beside?: boolean;
  /**
   * @param filter - Only files whose name contains it; of the layer `upgrade` the commit.
   * @param name - Stands before each printed line, where another layer prints at the same time.
   */
  run(filter?: string, name?: string): Promise<Counts>;
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
  {
    name: "unit",
    about: "the program with Pulumi's mocks, golden files, and what the configuration means",
    hindrance: always,
    beside: true,
    run: runJest,
  },
  { name: "host", about: "the applier on its own", hindrance: notRoot, beside: true, run: runUnittest },
  {
    name: "cloud",
    about: "the parts of the local cloud",
    hindrance: notRoot,
    run: (filter, name) => runNode(testFiles(["tests/cloud/**/*.test.ts"], filter), { name, env: standIns }),
  },
  {
    name: "vendor",
    about: "the main job on the vendor's own plugins",
    hindrance: () =>
      notRoot() ?? (vendorFolder ? undefined : "MAILSTACK_ENGINE_DIR names no folder with the vendor's plugins"),
    beside: true,
    run: (filter, name) => runNode(testFiles(vendorFiles, filter), { name, env: vendorEngine }),
    clear: () => stopCloud(vendorEngine.MAILSTACK_TEST_CLOUD, { purge: true }),
  },
  {
    name: "e2e",
    about: "real hosts by a real pulumi up",
    hindrance: notRoot,
    run: (filter) => runLanes(["tests/e2e/**/*.test.ts"], filter, standIns),
    clear: clearLanes,
  },
  {
    name: "upgrade",
    about: `a stack of an earlier commit, by default ${newestRelease()}, updated under mail`,
    hindrance: () => notRoot() ?? missingHistory(newestRelease()),
    run: runUpgrade,
  },
];

/** Commit of the newest release of which the repository has a recording. */
function newestRelease(): string {
  return readRelease(recordedDays.at(-1)!).commit;
}

async function runUpgrade(ref = newestRelease()): Promise<Counts> {
  const missing = missingHistory(ref);
  if (missing) throw new Error(missing);
  const env = { ...standIns, MAILSTACK_UPGRADE_FROM: ref };
  return runNode(["tests/upgrade/upgrade.test.ts"], { env });
}
