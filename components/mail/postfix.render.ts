import type { Bundle } from "../rendering/bundle";
import type { SystemName } from "../host/systems";

/** Settings of the mail transfer agent. */
export interface PostfixSettings {
  system: SystemName;
  /** The name that the server greets with; it needs a matching PTR. */
  hostname: string;
  /** Primary mail domain: what is added to a sender without one. */
  domain: string;
  /** Gets mail to root and the like at the host's own name. */
  administrator: string;
  /** Largest message in MiB, as it is transferred (an attachment grows by a third). */
  messageSizeLimitMb: number;
}

export function renderPostfix(_settings: PostfixSettings): Bundle {
  throw new Error("not written yet");
}
