import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { jobsOf, systemsOf } from "../../scripts/system-jobs";

const root = join(__dirname, "../..");
const files = globSync("tests/e2e/**/*.test.ts", { cwd: root }).sort();
const textOf = (file: string) => readFileSync(join(root, file), "utf8");
const jobs = jobsOf(files.map((file) => join(root, file)));

test("a file that goes through every system runs on each, any other on one, the same each time", () => {
  expect(systemsOf("a.test.ts", "for (const os of everySystem) {")).toEqual(["debian12", "debian13"]);
  for (const name of ["a.test.ts", "b.test.ts"]) {
    const text = 'for (const os of oneSystem("the reason")) {';
    expect(systemsOf(name, text)).toHaveLength(1);
    expect(systemsOf(`elsewhere/${name}`, text)).toEqual(systemsOf(name, text));
  }
  expect(systemsOf("tests/e2e/backup.test.ts", 'oneSystem("the reason")')).toEqual(["debian12"]);
});

test("every file of the folder runs, and nobody takes the first of the systems by hand", () => {
  expect([...new Set(jobs.map(({ file }) => basename(file)))].sort()).toEqual(files.map((file) => basename(file)));
  const byHand = files.filter((file) => /everySystem(?!, |\) \{| })/.test(textOf(file)));
  expect(byHand).toEqual([]);
});

test("what does not depend on the system is spread over both", () => {
  const once = jobs.filter(({ file }) => systemsOf(file, readFileSync(file, "utf8")).length === 1);
  const on = (system: string) => once.filter((job) => job.system === system).length;
  expect(Math.min(on("debian12"), on("debian13"))).toBeGreaterThan(once.length / 4);
});

test("files with hosts of their own come first, those that leave another host last", () => {
  const order = jobs.map(({ file }) => basename(file, ".test.ts"));
  expect(order.slice(0, 5).sort()).toEqual([
    "backup-mx",
    "library",
    "linode-host",
    "local-command",
    "planned-replacement",
  ]);
  expect(order.slice(-4)).toEqual(["filters", "volume-moves", "volume", "volume"]);
});
