import type { Bundle } from "../rendering/bundle";

/** Settings of the spam filter, which also signs. */
export interface RspamdSettings {
  /** Domains whose mail is signed, each with a key of its own that is made on the host. */
  domains: string[];
  /** DNS label of the keys: `SELECTOR._domainkey.DOMAIN`. */
  selector: string;
}

/** Name of the bundle's output that holds the value of a domain's DKIM record, without quotes and in one piece. */
export function dkimOutput(domain: string): string {
  return `dkim ${domain}`;
}

/** Needs the secret `rspamd-controller` (letters and digits only) on the host. */
export function renderRspamd(_settings: RspamdSettings): Bundle {
  throw new Error("not written yet");
}
