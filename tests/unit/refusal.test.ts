import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../../components/settings/refusal";

test("a refusal is its lines, and nothing that Pulumi could color", () => {
  const error = refusal("Nothing was changed:", ["one: is wrong", "two: is wrong"]);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(error.message).toBe("Nothing was changed:\none: is wrong\ntwo: is wrong");
  expect(error.stack).toBe("");
});

test("a trace of the program's has no path that Node cannot color", async () => {
  const prepare = Error.prepareStackTrace;
  try {
    const sdk = "at Stack.initialize (/program/node_modules/@pulumi/resource.ts:1687:22)";
    const whole = "at run (/program/node_modules/@pulumi/pulumi/cmd/run/run.ts:1:2)";
    Error.prepareStackTrace = (error) => `${String(error)}\n    ${sdk}\n    ${whole}`;
    await jest.isolateModulesAsync(async () => {
      await import("../../program/stack-traces");
    });
    const error = new Error("broken");
    expect(error.stack).toBe(`Error: broken\n    ${sdk.replace("@pulumi/", "@pulumi/pulumi/")}\n    ${whole}`);
    // Of one with the path as it came this would take half a minute.
    expect(inspect(error, { colors: true })).toContain("broken");
  } finally {
    Error.prepareStackTrace = prepare;
  }
});
