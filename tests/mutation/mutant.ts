/** Faults that the tests must notice; scripts/mutation.ts puts them in, one at a time. */

/** One fault. */
export interface Mutant {
  /** What is wrong then. */
  name: string;
  file: string;
  /** Stands once in the file. */
  from: string;
  to: string;
  /** The tests that notice: `behaviour/NAME`, `unit/NAME` or `host/NAME`. Never a golden file. */
  test: string;
}

/** Name, file, what stands there, and what stands there instead. */
export type Fault = [name: string, file: string, from: string, to: string];

export function seenBy(test: string, faults: Fault[]): Mutant[] {
  return faults.map(([name, file, from, to]) => ({ name, file, from, to, test }));
}
