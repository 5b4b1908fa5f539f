import type { Bundle } from "../rendering/bundle";
import type { SystemName } from "../host/systems";

/** Settings of the mailbox server. */
export interface DovecotSettings {
  system: SystemName;
  /** Name that clients use, in the certificate. */
  hostname: string;
  /** Sender of its own messages (quota warnings, rejects), an address that exists. */
  postmaster: string;
  /** Mailbox limit in MiB where the accounts name none. */
  defaultQuotaMb: number;
}

export function renderDovecot(_settings: DovecotSettings): Bundle {
  throw new Error("not written yet");
}
