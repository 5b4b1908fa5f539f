/** Property bags as the engine sends them. */
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { Properties } from "./api-resource";

/** Stands for "known only when another resource exists", by type of value (`sdk/go/common/resource/plugin/rpc.go`). */
const unknowns = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
/** Key and value that mark an object as a wrapped secret. */
const [signature, secret] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];

/** The unknown string. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isUnknown = (value: unknown): boolean => typeof value === "string" && unknowns.has(value);

/** Plain values: secrets opened, nulls and the engine's own keys (`__defaults`, `__internal`) left out. */
export function fromStruct(struct: Struct | undefined): Properties {
  return struct ? (plain(struct.toJavaScript()) as Properties) : {};
}

export function toStruct(properties: Properties): Struct {
  // Leaves out what is undefined, at every depth.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);
}

/** The same outputs, with these marked as secret for the engine. */
export function sealed(outputs: Properties, names: readonly string[] = []): Properties {
  const seal = ([name, value]: [string, unknown]): [string, unknown] =>
    names.includes(name) && value !== undefined ? [name, { [signature!]: secret, value }] : [name, value];
  return Object.fromEntries(Object.entries(outputs).map(seal));
}

/** Names of the top-level properties that differ. */
export function changedNames(old: Properties, now: Properties): string[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.filter((name) => ordered(old[name]) !== ordered(now[name])).sort();
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const bag = value as Properties;
  if (bag[signature!] === secret) return plain(bag.value);
  const entries = Object.entries(bag).filter(([key, item]) => item !== null && !key.startsWith("__"));
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

function ordered(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
