import type { Bundle } from "../rendering/bundle";
import type { SystemName } from "../host/systems";

/** Where every daemon finds key and certificate. The link `live` leads to a self-signed pair, later to the issued one. */
export const certificatePaths = {
  chain: "/etc/ssl/mailstack/live/fullchain.pem",
  key: "/etc/ssl/mailstack/live/privkey.pem",
} as const;

/** Settings of the self-signed certificate. */
export interface SelfSignedSettings {
  hostname: string;
}

/**
 * The self-signed certificate, so that the daemons can start before one was issued. A bundle of its own (`tls`): it comes
 * before Dovecot and Postfix, the issuing after them.
 */
export function renderSelfSigned(_settings: SelfSignedSettings): Bundle {
  throw new Error("not written yet");
}

/** Settings of the issued certificate. */
export interface CertificateSettings {
  system: SystemName;
  /** Host names in it, the first one is the certificate's name. Each must lead to this host. */
  names: string[];
  /** ACME account's contact. */
  email: string;
  /** The authority's directory URL. */
  directory: string;
}

/** Needs port 80 free and reachable. Daemons take the new certificate without a restart. */
export function renderCertificate(_settings: CertificateSettings): Bundle {
  throw new Error("not written yet");
}
