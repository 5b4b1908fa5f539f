import type { BenchCloud } from "./bench-cloud";

/** One number of the table. */
export interface Measurement {
  what: string;
  value: number;
  /** `x` for a ratio. */
  unit: "x" | "s" | "MB" | "kills" | "messages/s";
  /** The value may be at most this; without it the number is only reported. */
  atMost?: number;
  /** What it is made of, short. */
  detail: string;
}

/** Something that can be measured by its name. */
export interface Figure {
  name: string;
  about: string;
  /** `false`: only when it is asked for by name. */
  byDefault: boolean;
  measure(cloud: BenchCloud): Promise<Measurement[]>;
}
