import { readFileSync } from "node:fs";
import { join } from "node:path";
import { secretKeys } from "../../components/settings/schema";
import { decisionIndex } from "../../scripts/decision-index";
import { configurationPage } from "../../scripts/reference-page";
import { checkedKeys, declaredKeys, exampleFor, refusalLines, requiredKeys } from "../../scripts/reference-settings";

const page = readFileSync(join(__dirname, "../../docs/admin/configuration.md"), "utf8");

test("docs/admin/configuration.md is as `npm run docs` writes it", () => {
  expect(page === configurationPage()).toBe(true);
});

test("docs/decisions/README.md lists every page of its folder", () => {
  expect(readFileSync(join(__dirname, "../../docs/decisions/README.md"), "utf8")).toBe(decisionIndex());
});

test("Pulumi.yaml and the program's schema have the same keys", () => {
  expect([...declaredKeys().keys()].sort()).toEqual([...checkedKeys().keys(), ...secretKeys].sort());
});

test("the secret keys are declared as secret where every stack has them, and no others", () => {
  const declared = [...declaredKeys()].filter(([, value]) => value.secret).map(([key]) => key);
  expect(declared.sort()).toEqual(requiredKeys().filter((key) => secretKeys.some((secret) => secret === key)));
});

test.each([...checkedKeys()])("mailstack:%s has the same type and default in both", (key, shape) => {
  const declared = declaredKeys().get(key);
  const type = shape.type ?? shape.anyOf?.[0]?.type;
  // Pulumi demands a value of a key without a default, and a backup MX is told these.
  const told = ["domain", "administrator"].includes(key);
  expect({ type: declared?.type, default: declared?.default }).toEqual({ type, default: told ? "" : shape.default });
  expect(declared?.default === undefined || told).toBe(requiredKeys().includes(key));
});

test.each([...checkedKeys()])("mailstack:%s has an example that the program takes", (key, shape) => {
  const value = exampleFor(key, shape);
  expect(value).toBeDefined();
  expect(refusalLines({ [key]: value })).toEqual([]);
  expect(page).toContain(`## mailstack:${key}\n`);
});
