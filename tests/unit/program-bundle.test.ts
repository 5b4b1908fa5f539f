import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** start.cjs with a small program of its own instead of index.ts. */
const root = join(__dirname, "../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailstack-bundle-"));
  for (const part of ["start.cjs", "program", "package.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function node(code: string, env: Record<string, string> = {}): string {
  const options = { cwd: folder, encoding: "utf8" as const, env: { ...process.env, ...env } };
  return execFileSync(process.execPath, ["-e", code], options).trim();
}

const run = () => node('console.log(require("./start.cjs").answer)');
const bundledAt = () => statSync(join(folder, ".mailstack/bundle/program.cjs")).mtimeMs;

test("a changed source is in the next run, and without a change nothing is bundled again", () => {
  write("index.ts", 'import { part } from "./part";\nexport const answer: string = `it is ${part}`;\n');
  write("part.ts", 'export const part: string = "one";\n');
  expect(run()).toBe("it is one");
  const first = bundledAt();
  expect(run()).toBe("it is one");
  expect(bundledAt()).toBe(first);
  write("part.ts", 'export const part: string = "two";\n');
  expect(run()).toBe("it is two");
});

test("a mistake is told with its file and line, and the next good source runs", () => {
  write("index.ts", 'export const answer: string = "good";\n');
  expect(run()).toBe("good");
  write("index.ts", "export const answer =\n;\n");
  const failed = spawnSync(process.execPath, ["start.cjs"], { cwd: folder, encoding: "utf8" });
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("could not be made from index.ts:");
  expect(failed.stderr).toContain("index.ts:2:0: ERROR");
  write("index.ts", 'export const answer: string = "good again";\n');
  expect(run()).toBe("good again");
});

test("an install without development packages is told in one line what is missing", () => {
  const packages = join(folder, "node_modules");
  rmSync(packages);
  try {
    mkdirSync(packages);
    symlinkSync(join(root, "node_modules/@pulumi"), join(packages, "@pulumi"));
    write("index.ts", "export const answer = 2;\n");
    const failed = spawnSync(process.execPath, ["start.cjs"], { cwd: folder, encoding: "utf8" });
    expect(failed.stderr).toContain("esbuild is not installed; install every package with: npm ci --include=dev");
  } finally {
    rmSync(packages, { recursive: true });
    symlinkSync(join(root, "node_modules"), packages);
  }
});

test("the program has every name of the SDK's own entries, and the SDK's own state", () => {
  write(
    "index.ts",
    `import * as pulumi from "@pulumi/pulumi";
     import * as whole from "@pulumi/pulumi/index";
     import * as runtime from "@pulumi/pulumi/runtime/index";
     const missing = (of: object, from: object) => Object.keys(of).filter((name) => !(name in from));
     export const answer = JSON.stringify([
       missing(whole, pulumi), missing(runtime, pulumi.runtime),
       pulumi.Resource === whole.Resource, pulumi.runtime.registerResource === runtime.registerResource,
     ]);\n`,
  );
  expect(JSON.parse(run())).toEqual([[], [], true, true]);
});

test("what a deployment does not touch is not loaded", () => {
  write(
    "index.ts",
    'import * as pulumi from "@pulumi/pulumi";\nexport const answer = String(pulumi.runtime.isDryRun);\n',
  );
  const modules = node('require("./start.cjs"); console.log(Object.keys(require.cache).join("\\n"))');
  expect(modules).toContain("@pulumi/pulumi/resource.js");
  expect(modules).not.toMatch(/arborist|automation|typescript/);
});

test("the SDK's debug messages are sent when they are asked for", () => {
  write("index.ts", 'export const answer: string = "any";\n');
  const code = 'const { debug } = require("@pulumi/pulumi/log"); require("./start.cjs"); ';
  const same = `${code} console.log(debug === require("@pulumi/pulumi/log").debug);`;
  expect(node(same)).toBe("false");
  expect(node(same, { MAILSTACK_SDK_DEBUG: "1" })).toBe("true");
});
