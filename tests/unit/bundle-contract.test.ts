import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { systems, type SystemName } from "../../components/deployment/systems";
import { renders } from "../golden/renders";
import { variants } from "../golden/variants";

const host = join(__dirname, "../../host");

/** Parses each bundle of standard input as the applier does, and prints what it refuses. */
const parse = `
import json, sys
from mailstack.apply.bundle_json import parse
from mailstack.errors import MailstackError
for name, bundle in json.load(sys.stdin).items():
    try:
        parse(json.dumps(bundle), bundle["service"])
    except MailstackError as error:
        print(f"{name}: {error.message}")
`;

function refused(bundles: Record<string, object>): string[] {
  const python = spawnSync("python3", ["-c", parse], { input: JSON.stringify(bundles), cwd: host, encoding: "utf8" });
  expect({ status: python.status, stderr: python.stderr }).toEqual({ status: 0, stderr: "" });
  return python.stdout.split("\n").filter((line) => line !== "");
}

describe("the bundle's contract", () => {
  const all = Object.entries({ ...renders, ...variants });
  const names = Object.keys(systems) as SystemName[];
  const bundles = Object.fromEntries(
    names.flatMap((system) => all.map(([name, render]) => [`${name} on ${system}`, render(system)])),
  );

  test("the host's program takes every bundle, of every system", () => {
    expect(Object.keys(bundles).length).toBeGreaterThan(90);
    expect(refused(bundles)).toEqual([]);
  });

  test.each([
    ["an unknown key", { service: "x", files: {}, filse: {} }, "bundle: unknown key 'filse'"],
    [
      "an unknown key within",
      { service: "x", files: { "/a": { owner: "root:root", mode: "0644", content: "", text: "" } } },
      `bundle.files["/a"]: unknown key 'text'`,
    ],
    ["a wrong type", { service: "x", files: {}, packages: "postfix" }, "bundle.packages: must be a list, not a text"],
    [
      "a wrong type within",
      { service: "x", files: {}, units: { "a.service": { onChange: "reload", running: "yes" } } },
      `bundle.units["a.service"].running: must be true or false, not a text`,
    ],
    ["a missing key", { service: "x" }, "bundle: the key 'files' is missing"],
  ])("%s is refused, with its path", (_, bundle, words) => {
    expect(refused({ one: bundle })).toEqual([expect.stringContaining(words)]);
  });
});
