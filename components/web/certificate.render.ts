import { systems, type SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { acmeWebroot } from "./webroot";

export const certificatePackages = ["certbot"];

const folder = "/etc/ssl/mailstack";

/** Where every daemon finds key and certificate. The link `live` leads to a self-signed pair, later to the issued one. */
export const certificatePaths = {
  chain: `${folder}/live/fullchain.pem`,
  key: `${folder}/live/privkey.pem`,
} as const;

/** Settings of the self-signed certificate. */
export interface SelfSignedSettings {
  hostname: string;
}

/**
 * The self-signed certificate, so that the daemons can start before one was issued. A bundle of its own (`tls`): it comes
 * before Dovecot and Postfix, the issuing after them.
 */
export function renderSelfSigned(settings: SelfSignedSettings): Bundle {
  const make = "/usr/local/libexec/mailstack/self-signed";
  return {
    service: "tls",
    packages: ["openssl"],
    directories: { [folder]: { owner: "root:root", mode: "0755" } },
    files: filesFrom("tls", { [make]: program }, { folder, hostname: settings.hostname }),
    prepare: [[make]],
    validate: [["openssl", "x509", "-noout", "-in", certificatePaths.chain]],
  };
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

/**
 * A certificate by ACME HTTP-01. Needs nginx, which answers on port 80. Daemons take it without a restart, now and at each
 * renewal. When the authority refuses, its words are the error and the daemons keep what they have.
 */
export function renderCertificate(settings: CertificateSettings): Bundle {
  const [name] = settings.names;
  const { chain } = certificatePaths;
  if (name === undefined) throw new Error("a certificate needs at least one name");
  const issue = "/usr/local/libexec/mailstack/certificate";
  const hook = "/etc/letsencrypt/renewal-hooks/deploy/mailstack";
  return {
    service: "certificate",
    packages: certificatePackages,
    files: filesFrom(
      "certificate",
      { [hook]: program, [issue]: program },
      {
        name,
        names: settings.names,
        email: settings.email,
        directory: settings.directory,
        folder,
        webroot: acmeWebroot,
        hook,
        units: [systems[settings.system].postfixUnit, "dovecot.service", "nginx.service"],
      },
    ),
    prepare: [[issue]],
    units: { "certbot.timer": { onChange: "none" } },
    health: settings.names.map((each) => ({
      // Not `x509 -checkhost`: it ends with 0 whatever it finds.
      run: ["openssl", "verify", "-partial_chain", "-trusted", chain, "-verify_hostname", each, chain],
    })),
  };
}
