import type { Bundle } from "../rendering/bundle";
import type { SystemName } from "./systems";

/** Settings of the one package transaction. */
export interface PackagesSettings {
  system: SystemName;
}

export function renderPackages(_settings: PackagesSettings): Bundle {
  throw new Error("not written yet");
}
