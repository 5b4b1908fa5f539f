/** The part of JSON Schema that the settings use. */
export interface Shape {
  type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  const?: unknown;
  enum?: string[];
  anyOf?: Shape[];
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  default?: unknown;
  examples?: unknown[];
}

/** Zod gives integers the limits of a double; those are no limits that a user meets. */
const isLimit = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;

/** The kind of value, in a few words. */
export function kindOf(shape: Shape): string {
  if (shape.enum) return shape.enum.length > 8 ? "one of a list" : `one of ${shape.enum.join(", ")}`;
  if (shape.anyOf) return kindOf(shape.anyOf.find((one) => one.const === undefined) ?? {});
  switch (shape.type) {
    case "integer":
    case "number":
      return `${shape.type === "integer" ? "whole number" : "number"}${range(shape)}`;
    case "boolean":
      return "true or false";
    case "array":
      return shape.items?.type === "object" ? "list of entries" : `list of ${kindOf(shape.items ?? {})}`;
    case "object":
      return "fields";
    default:
      return "text";
  }
}

function range(shape: Shape): string {
  const { minimum, maximum } = shape;
  if (isLimit(minimum) && isLimit(maximum)) return `, ${minimum} to ${maximum}`;
  if (isLimit(minimum)) return `, ${minimum} or more`;
  return isLimit(maximum) ? `, at most ${maximum}` : "";
}

/** A value that this shape allows, other than the default where there is a choice. */
export function exampleOf(shape: Shape): unknown {
  if (shape.examples) return shape.examples[0];
  if (shape.enum) return shape.enum.find((one) => one !== shape.default) ?? shape.enum[0];
  if (shape.type === "boolean") return shape.default !== true;
  if (shape.properties)
    return Object.fromEntries(
      Object.entries(shape.properties)
        .map(([name, field]): [string, unknown] => [name, exampleOf(field)])
        .filter(([, value]) => value !== undefined),
    );
  if (shape.type === "array") {
    const item = exampleOf(shape.items ?? {});
    return item === undefined ? shape.default : [item];
  }
  return shape.default;
}

/** Values that are likely to be refused; which of them are, only the program can say. */
export function probesOf(shape: Shape, example: unknown): unknown[] {
  if (shape.anyOf) return shape.anyOf.flatMap((one) => probesOf(one, example));
  if (shape.type === "integer" || shape.type === "number")
    return [
      ...(isLimit(shape.minimum) ? [shape.minimum - 1] : []),
      ...(isLimit(shape.maximum) ? [shape.maximum + 1] : []),
      ...(shape.type === "integer" ? [1.5] : []),
      "many",
    ];
  if (shape.type === "boolean") return ["perhaps"];
  if (shape.type === "array") return ["some text", [], ...itemProbes(shape.items ?? {}, example)];
  if (shape.type === "object") return fieldProbes(shape, example as Record<string, unknown>);
  return ["Not Right!"];
}

/** The example's first entry, spoilt in one way at a time. */
function itemProbes(item: Shape, example: unknown): unknown[][] {
  const [first, ...others] = Array.isArray(example) && example.length > 0 ? (example as unknown[]) : [exampleOf(item)];
  return probesOf(item, first).map((probe) => [probe, ...others]);
}

function fieldProbes(shape: Shape, example: Record<string, unknown> = {}): Record<string, unknown>[] {
  const spoilt = Object.entries(shape.properties ?? {}).flatMap(([name, field]) =>
    probesOf(field, example[name]).map((probe) => ({ ...example, [name]: probe })),
  );
  return [...spoilt, { ...example, colour: "blue" }];
}
