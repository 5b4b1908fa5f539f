import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { writeAtomically } from "./atomic-file";
import { cloudflareState } from "./cloudflare/state";
import { linodeState } from "./linode/state";

const stateSchema = z.strictObject({ version: z.literal(1), linode: linodeState, cloudflare: cloudflareState });

/** Everything the emulated APIs remember. */
export type State = z.infer<typeof stateSchema>;

function empty(): State {
  return {
    version: 1,
    // Low numbers keep the hosts' names short; 1000 of them are left for nothing, so that no id looks like a count.
    linode: {
      nextId: 1001,
      instances: [],
      firewalls: [],
      events: [],
      domains: [],
      volumes: [],
      buckets: [],
      objectKeys: [],
      newLinodes: "legacy_config_only",
    },
    cloudflare: { records: [] },
  };
}

/**
 * Reads a state file; a missing one is an empty state.
 * @throws Error that names the file when it is not JSON or not of this version.
 */
export function readState(file: string): State {
  if (!existsSync(file)) return empty();
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new Error(`The APIs' state in ${file} is damaged; "down" removes it`, { cause });
  }
}

/** The state in memory and on disk. What is in memory is always on disk too. */
export class Store {
  #state: State;

  constructor(private readonly file: string) {
    this.#state = readState(file);
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** Changes a copy, writes it, and only then makes it the state; an error changes nothing. */
  update<T>(change: (draft: State) => T): T {
    const draft = structuredClone(this.#state);
    const result = change(draft);
    writeAtomically(this.file, JSON.stringify(draft, null, 1));
    this.#state = draft;
    return result;
  }
}
