import type { Bundle } from "../rendering/bundle";

/** Settings of the swap file. */
export interface SwapSettings {
  /** Size in MiB. 0: no swap file. A file that is already larger stays as it is. */
  sizeMb: number;
}

export function renderSwap(_settings: SwapSettings): Bundle {
  throw new Error("not written yet");
}
