import type { Bundle } from "../rendering/bundle";
import type { SystemName } from "./systems";

/** Settings of the validating resolver. */
export interface ResolverSettings {
  system: SystemName;
}

export function renderResolver(_settings: ResolverSettings): Bundle {
  throw new Error("not written yet");
}
