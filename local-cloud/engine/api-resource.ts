/** A resource that lives behind a vendor's API: its inputs by a schema, and what reading it back means for them. */
import type { z } from "zod";

/** A bag of properties as the engine sends it. */
export type Properties = Record<string, unknown>;

/** What the API says about a resource now. */
export interface Present<Inputs> {
  id: string;
  outputs: Properties;
  /** The inputs that the API tells, whole or in part. */
  inputs: Partial<Inputs>;
}

/** One request of the engine. */
export interface Call {
  /** The resource's name in the program. */
  name: string;
  /** Aborted when the engine cancels, or when the time that the program allows is over. */
  signal: AbortSignal;
  /** Shows a line beside the resource while it is being made. */
  status(line: string): void;
}

/** One type of resource. `Api` is the client that its methods get. */
export interface ApiResource<Api, Inputs extends Properties = Properties> {
  /** A strict object: what it does not name is refused. */
  inputs: z.ZodType<Inputs>;
  /** Inputs whose change makes a new resource. */
  replaceOn: readonly string[];
  secretOutputs?: readonly string[];
  /** What an absent input means. */
  defaults?: Partial<Inputs>;
  /** Optional inputs that the API chooses where the program does not: left out later, the present value stays. */
  chosenByApi?: readonly string[];
  /** Lists whose order means nothing. */
  sets?: readonly string[];
  /** Outputs that any update may change: unknown in the preview of one. */
  unknownInUpdate?: readonly string[];
  create(api: Api, inputs: Inputs, call: Call): Promise<Present<Inputs>>;
  /** undefined: it is gone. `old` is empty on import, and `id` as the user wrote it. */
  read(api: Api, id: string, old: OldState<Inputs>): Promise<Present<Inputs> | undefined>;
  /** Absent where every input is in `replaceOn`. */
  update?(api: Api, id: string, inputs: Inputs, old: OldState<Inputs>, call: Call): Promise<Present<Inputs>>;
  delete(api: Api, id: string, outputs: Properties, call: Call): Promise<void>;
}

export interface OldState<Inputs> {
  inputs: Partial<Inputs>;
  outputs: Properties;
}

/** A create that failed half way: the thing exists, so the state has to keep it, and the next run goes on with an update. */
export class Unfinished extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Why an input is refused. */
export interface Refusal {
  property: string;
  reason: string;
}

/**
 * Checks the program's inputs against the schema. A place where `isUnknown` holds (a value that exists only after
 * another resource) is taken as it is.
 */
export function refusals(
  resource: { inputs: z.ZodType<Properties> },
  inputs: Properties,
  isUnknown: (value: unknown) => boolean,
): Refusal[] {
  const result = resource.inputs.safeParse(inputs);
  if (result.success) return [];
  const found: Refusal[] = [];
  for (const issue of result.error.issues) {
    const place = issue.path.map(String);
    if (unknownOnTheWay(inputs, place, isUnknown)) continue;
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        found.push({ property: [...place, key].join("."), reason: "is not known to this stand-in of the plugin" });
      }
    } else found.push({ property: place.join("."), reason: issue.message });
  }
  return found;
}

/** The inputs to go on with: the program's, and what the API chose before where the program is silent. */
export function settledInputs<Api, Inputs extends Properties>(
  resource: ApiResource<Api, Inputs>,
  old: Properties,
  now: Properties,
): Properties {
  const settled = { ...now };
  for (const name of resource.chosenByApi ?? []) {
    if (settled[name] === undefined && old[name] !== undefined) settled[name] = old[name];
  }
  return settled;
}

/**
 * The inputs that would lead to what the API says now. With old inputs (refresh): only those, each kept as it was
 * written where it means the same. Without (import): all that differ from the defaults.
 */
export function inputsToday<Api, Inputs extends Properties>(
  resource: ApiResource<Api, Inputs>,
  old: Properties,
  present: Partial<Inputs>,
): Properties {
  const today: Properties = { ...old };
  const importing = Object.keys(old).length === 0;
  for (const [name, value] of Object.entries(present)) {
    if (importing) {
      if (!empty(value) && !sameMeaning(value, resource.defaults?.[name], resource, name)) today[name] = value;
    } else if (name in old && !sameMeaning(value, old[name], resource, name)) {
      if (value === undefined) delete today[name];
      else today[name] = value;
    }
  }
  return today;
}

/** Equal once order that means nothing, and parts that are empty or absent, are put aside. */
function sameMeaning<Api, Inputs extends Properties>(
  left: unknown,
  right: unknown,
  resource: ApiResource<Api, Inputs>,
  name: string,
): boolean {
  const unordered = resource.sets?.includes(name) ?? false;
  return JSON.stringify(plain(left, unordered)) === JSON.stringify(plain(right, unordered));
}

function plain(value: unknown, unordered: boolean): unknown {
  if (empty(value)) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, false));
    return unordered ? items.map((item) => JSON.stringify(item)).sort() : items;
  }
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as Properties).map(([key, item]) => [key, plain(item, false)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function empty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function unknownOnTheWay(inputs: unknown, place: string[], isUnknown: (value: unknown) => boolean): boolean {
  let value = inputs;
  for (const key of place) {
    if (isUnknown(value)) return true;
    value = (value as Properties | undefined)?.[key];
  }
  return isUnknown(value);
}
