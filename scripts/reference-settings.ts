import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseSettings, SettingsError } from "../components/settings/parse";
import { secretKeys, settingsSchema } from "../components/settings/schema";
import { exampleOf, probesOf, type Shape } from "./reference-shapes";

const root = join(__dirname, "..");

/** A key as Pulumi.yaml declares it. */
export interface Declared {
  type: string;
  description: string;
  default?: unknown;
  secret?: boolean;
}

/** The keys of Pulumi.yaml, without `mailstack:`, in its order. */
export function declaredKeys(): Map<string, Declared> {
  const project = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { config: Record<string, Declared> };
  return new Map(Object.entries(project.config).map(([key, value]) => [key.replace("mailstack:", ""), value]));
}

const schema = z.toJSONSchema(settingsSchema, { io: "input", unrepresentable: "any" });

/** The plain keys that the program checks, with what JSON Schema can say about each. */
export function checkedKeys(): Map<string, Shape> {
  return new Map(Object.entries((schema.properties ?? {}) as Record<string, Shape>));
}

/** Keys without which nothing is deployed. */
export function requiredKeys(): string[] {
  const declared = declaredKeys();
  return [...(schema.required ?? []), ...secretKeys.filter((key) => declared.get(key)?.default === undefined)];
}

/** A usable configuration for the examples: the production stack, with what belongs to its owner alone made up. */
export function exampleStack(): Record<string, unknown> {
  const file = parse(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8")) as { config: Record<string, unknown> };
  const entries = Object.entries(file.config).map(([key, value]): [string, unknown] => [
    key.replace("mailstack:", ""),
    value,
  ]);
  const stack: Record<string, unknown> = Object.fromEntries(entries);
  for (const [key, shape] of checkedKeys())
    // An empty default stands for what only some stacks need, such as the zone at one of the DNS providers.
    if (!(key in stack) && !shape.default && typeof shape.default !== "boolean") stack[key] = exampleOf(shape);
  return stack;
}

/** An example of this key's value: the production stack's, or one made from its shape. */
export function exampleFor(key: string, shape: Shape): unknown {
  const value = exampleStack()[key] ?? exampleOf(shape);
  if (refusalLines({ [key]: value }).length === 0) return value;
  // A shape says too little about some texts; the default is right in any case.
  return shape.default;
}

/** What the program prints when the example stack is changed so. Empty when it is content. */
export function refusalLines(change: Record<string, unknown>): string[] {
  try {
    parseSettings({ ...exampleStack(), ...change });
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message.split("\n");
  }
}

/** A value that is refused, and the program's words. */
export interface Refusal {
  value: unknown;
  line: string;
}

/** Values of this key that the program refuses, each with its answer; found by asking it. */
export function refusals(key: string, shape: Shape): Refusal[] {
  const found = new Map<string, unknown>();
  for (const value of probesOf(shape, exampleFor(key, shape))) {
    const line = refusalLines({ [key]: value }).find((text) => text.startsWith(`mailstack:${key}`));
    if (line !== undefined && !found.has(line)) found.set(line, value);
  }
  return [...found].map(([line, value]) => ({ line, value }));
}
