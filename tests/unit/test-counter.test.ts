import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countsOf, judge, readMinimums, sumOf } from "../../scripts/test-counts";
import { declaredTests } from "./support/declared-tests";
import type { LayersToRun } from "./support/run-layers";

// Programs are started, on a machine that may be busy.
jest.setTimeout(120_000);

const root = join(__dirname, "../..");
const pass = (title: string) => `test("${title}", () => {});`;

/** What `npm test` says and how it ends, with these files and layers. */
function run(texts: Record<string, string>, { minimums = {}, demanded = [], ...options }: Partial<LayersToRun> = {}) {
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  // Within the project: the runner finds its packages from there.
  const folder = mkdtempSync(join(root, "node_modules/.cache/layers-"));
  try {
    mkdirSync(join(folder, "some"));
    for (const [name, text] of Object.entries(texts))
      writeFileSync(join(folder, "some", name), `import { test } from "node:test";\n${text}\n`);
    const asked: LayersToRun = { layers: [{ name: "some" }], minimums, demanded, ...options };
    const words = ["scripts/with-node22", "tests/unit/support/run-layers.ts", JSON.stringify(asked), folder];
    // A runner within a runner would tell the outer one, not us.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const { status, stdout } = spawnSync("sh", words, { cwd: root, env, encoding: "utf8" });
    const lines = stdout.trim().split("\n");
    return { status, last: lines.at(-1), text: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const asks = (file: string, least: number) => ({ minimums: { some: { [`some/${file}`]: least } } });

describe("npm test", () => {
  test("ends with the sum, and with 0 when as many tests as ever have passed", () => {
    const { status, last } = run({ "a.test.ts": `${pass("one")} ${pass("two")}` }, asks("a.test.ts", 2));
    expect([last, status]).toEqual(["2 passed, 0 failed", 0]);
  });

  test.each([
    ["an empty file", ""],
    ["a process that ends well in the middle of a file", `${pass("one")} test("two", () => process.exit(0));`],
    ["an empty list of systems", `for (const system of []) ${pass("on ${system}")}`],
  ])("%s fails", (_what, text) => {
    const { status, last, text: said } = run({ "a.test.ts": text }, asks("a.test.ts", 2));
    expect([last, status]).toEqual(["0 passed, 1 failed", 1]);
    expect(said).toContain("failed: some/a.test.ts: no test ran");
  });

  test("fewer tests than before fail, and so do skipped ones; both are named", () => {
    const fewer = run({ "a.test.ts": pass("one") }, asks("a.test.ts", 2));
    expect([fewer.last, fewer.status]).toEqual(["1 passed, 1 failed", 1]);
    expect(fewer.text).toContain("some/a.test.ts: 1 tests ran, and tests/counts.json asks for 2");
    const text = `${pass("one")} test("two", { skip: "too hard" }, () => {}); test.todo("three");`;
    const skipped = run({ "a.test.ts": text }, asks("a.test.ts", 2));
    expect([skipped.last, skipped.status]).toEqual(["1 passed, 1 failed", 1]);
    expect(skipped.text).toContain("not run: some/a.test.ts: two (too hard)");
    expect(skipped.text).toContain("not run: some/a.test.ts: three (");
    expect(skipped.text).toContain("\n2 skipped or to be written\n1 passed, 1 failed\n");
  });

  test("a skip that the minimum allows is still named, in the sum", () => {
    const text = `${pass("one")} test("two", { skip: "too hard" }, () => {});`;
    const { status, text: said } = run({ "a.test.ts": text }, asks("a.test.ts", 1));
    expect(status).toBe(0);
    expect(said).toMatch(/some: 1 passed, 0 failed, 1 not run, \d+ s/);
    expect(said).toContain("\n1 skipped or to be written\n1 passed, 0 failed\n");
  });

  test("what failed is named once more at the end, with why", () => {
    const text = `${pass("one")} test("two", () => { throw new Error("a is not b\\nas it was"); });`;
    const { status, text: said } = run({ "a.test.ts": text }, asks("a.test.ts", 2));
    expect(status).toBe(1);
    expect(said).toMatch(
      /some: 1 passed, 1 failed, \d+ s\n {2}failed: some\/a.test.ts: two\n {4}a is not b\n {4}as it was\n/,
    );
  });

  test("a file that nobody has counted yet fails", () => {
    expect(run({ "a.test.ts": pass("one") })).toMatchObject({ status: 1, last: "1 passed, 1 failed" });
  });

  test("a name that no file has fails", () => {
    const { status, last, text } = run({ "a.test.ts": pass("one") }, { ...asks("a.test.ts", 1), filter: "b" });
    expect([last, status]).toEqual(["0 passed, 1 failed", 1]);
    expect(text).toContain('has "b" in its name');
  });

  test("a layer that must run and cannot fails; another one is only named", () => {
    const options = { ...asks("a.test.ts", 1), layers: [{ name: "some" }, { name: "far", hindrance: "it is far" }] };
    const texts = { "a.test.ts": pass("one") };
    const free = run(texts, options);
    expect([free.last, free.status]).toEqual(["1 passed, 0 failed", 0]);
    expect(free.text).toContain("far: not run, it is far");
    const demanded = run(texts, { ...options, demanded: ["far"] });
    expect([demanded.last, demanded.status]).toEqual(["1 passed, 1 failed", 1]);
    expect(demanded.text).toContain("far: failed, it must run and cannot, it is far");
  });

  test("a layer that is named on the command line and cannot run, or that does not exist, ends with an error", () => {
    const named = (layer: string, env: Record<string, string>) =>
      spawnSync("sh", ["scripts/with-node22", "scripts/test.ts", ...(layer ? [layer] : [])], {
        cwd: root,
        env: { PATH: process.env.PATH, ...env },
        encoding: "utf8",
      });
    const vendor = named("vendor", {});
    expect(vendor.status).toBe(1);
    expect(vendor.stdout.trim().split("\n").at(-1)).toBe("0 passed, 1 failed");
    expect(named("vendors", {}).status).toBe(2);
    expect(named("", { MAILSTACK_DEMAND: "unit vendors" })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('unknown layer "vendors"') as string,
    });
  });
});

describe("what ran", () => {
  test("of a file that runs in several lanes counts in each", () => {
    const one = countsOf(["a"], { a: { passed: 3, failed: 0, left: [] } });
    const other = countsOf(["a"], { a: { passed: 2, failed: 0, left: ["x"] } });
    expect(judge(sumOf([one, other]), { a: 3 })).toMatchObject({ passed: 5, failed: 1, left: ["a: x"], ran: { a: 2 } });
    expect(judge(sumOf([one, countsOf(["a"], {})]), { a: 1 }).problems).toEqual(["a: no test ran"]);
  });

  test("is counted from the text where it has not run yet", () => {
    const text = 'test("a", () => {}); it.each([1])("b", () => {}); test.skip("c", f); /x/.test(y); void test("d", f)';
    expect(declaredTests("a.ts", text)).toBe(3);
    expect(declaredTests("a.py", "class A:\n    def test_a(self):\n    async def test_b(self):\ndef test_c():\n")).toBe(
      2,
    );
  });

  // A number that is too small would let tests vanish unseen; `npm test -- LAYER NAME --record` corrects it.
  test.each([
    ["unit", ["tests/{unit,golden,behaviour}/**/*.test.ts"]],
    ["host", ["host/tests/test_*.py"]],
    ["cloud", ["tests/cloud/**/*.test.ts"]],
    ["e2e", ["tests/e2e/**/*.test.ts"]],
    ["upgrade", ["tests/upgrade/**/*.test.ts"]],
  ])("tests/counts.json has every file of the layer %s, and at least the tests in its text", (layer, patterns) => {
    const files = globSync(patterns, { cwd: root });
    const known = readMinimums()[layer]!;
    expect(Object.keys(known).sort()).toEqual(files.sort());
    const declared = files.map((file) => [file, declaredTests(file, readFileSync(join(root, file), "utf8"))] as const);
    // What stands here can be copied into the file, where the tests cannot run.
    expect(Object.fromEntries(declared.filter(([file, least]) => known[file]! < least))).toEqual({});
    expect(Object.values(known).filter((least) => least < 1)).toEqual([]);
  });
});

describe(".ci/run", () => {
  /** The layers that it demands of `npm test`, in a folder with or without the vendor's engine beside it. */
  function demands(engine: boolean): string {
    const folder = mkdtempSync(join(tmpdir(), "ci-run-"));
    try {
      for (const name of ["bin", "checkout/.ci", ...(engine ? ["shared/engine"] : [])])
        mkdirSync(join(folder, name), { recursive: true });
      cpSync(join(root, ".ci/run"), join(folder, "checkout/.ci/run"));
      writeFileSync(join(folder, "bin/npm"), '#!/bin/sh\necho "$* $MAILSTACK_DEMAND, $MAILSTACK_ENGINE_DIR"\n', {
        mode: 0o755,
      });
      writeFileSync(join(folder, "bin/git"), "#!/bin/sh\necho false\n", { mode: 0o755 });
      const env = { PATH: `${folder}/bin:${process.env.PATH}` };
      const { stdout } = spawnSync(join(folder, "checkout/.ci/run"), { env, encoding: "utf8" });
      return stdout.trim().replaceAll(folder, "");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("demands every layer of which the machine has what it needs", () => {
    expect(demands(false)).toBe("test check unit host cloud e2e upgrade,");
    expect(demands(true)).toBe("test check unit host cloud e2e upgrade vendor, /checkout/../shared/engine");
  });
});
