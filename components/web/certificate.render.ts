import { systems, type SystemName } from "../host/systems";
import type { Bundle, HostCheck } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { dnsCredentialsFile, dnsPlugins, type ChallengeProvider } from "./dns-challenge";
import { acmeWebroot } from "./webroot";
import { servedKeyOutputs } from "./served-key";

export const certificatePackages = ["certbot"];

/** Where every daemon's certificate is. */
export const certificateFolder = "/etc/ssl/mailstack";

/** Where every daemon finds key and certificate. The link `live` leads to a self-signed pair, later to the real one. */
export const certificatePaths = {
  chain: `${certificateFolder}/live/fullchain.pem`,
  key: `${certificateFolder}/live/privkey.pem`,
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
    directories: { [certificateFolder]: { owner: "root:root", mode: "0755" } },
    files: filesFrom("tls", { [make]: program }, { folder: certificateFolder, hostname: settings.hostname }),
    prepare: [[make]],
    validate: [["openssl", "x509", "-noout", "-in", certificatePaths.chain]],
  };
}

/** How the authority sees that the names are ours. */
export type Challenge = { kind: "http-01" } | { kind: "dns-01"; provider: ChallengeProvider; domains: string[] };

/** Settings of the issued certificate. */
export interface CertificateSettings {
  system: SystemName;
  /** Host names that it must be good for, the host's own first. Each must lead to this host. */
  names: string[];
  /** ACME account's contact. */
  email: string;
  /** The authority's directory URL. */
  directory: string;
  /** With `dns-01` it is for each whole domain: the domain, and every name right below it. */
  challenge: Challenge;
  /** Renew with the same key. Where the key is in the DNS, another one would stop mail. */
  keepKey: boolean;
}

/** The program of the service `certificate`, however it gets the certificate. */
export const certificateProgram = "/usr/local/libexec/mailstack/certificate";

/** Units that serve the certificate: each reads it when it starts or reloads. */
export function certificateUnits(system: SystemName): string[] {
  return [systems[system].postfixUnit, "dovecot.service", "nginx.service"];
}

/** The certificate is good for each name. Not `x509 -checkhost`: it ends with 0 whatever it finds. */
export function namesFit(names: string[]): HostCheck[] {
  const { chain } = certificatePaths;
  const verify = ["openssl", "verify", "-partial_chain", "-trusted", chain];
  return names.map((name) => ({ run: [...verify, "-verify_hostname", name, chain], timeoutSeconds: 2 }));
}

/**
 * A certificate by ACME, the names of all services in one. By HTTP-01 it needs nginx, which answers on port 80. Daemons
 * take it without a restart, now and at each renewal. Names that do not lead here are left out until they do
 * (host/mailstack/certificate.py); without the host's own there is none, the authority's words are the error, and the
 * daemons keep what they have.
 */
export function renderCertificate(settings: CertificateSettings): Bundle {
  const { names, challenge, email, directory } = settings;
  const [name] = names;
  if (name === undefined) throw new Error("a certificate needs at least one name");
  const hook = "/etc/letsencrypt/renewal-hooks/deploy/mailstack";
  const unit = (ending: string) => `/etc/systemd/system/mailstack-certificate.${ending}`;
  return {
    service: "certificate",
    packages: [...certificatePackages, ...pluginPackages(challenge)],
    files: filesFrom(
      "certificate",
      { [hook]: program, [certificateProgram]: program, [unit("service")]: {}, [unit("timer")]: {} },
      {
        name,
        names: issuedNames(names, challenge),
        email,
        directory,
        program: certificateProgram,
        ...wayOf(challenge),
        keepKey: settings.keepKey,
        units: certificateUnits(settings.system),
      },
    ),
    prepare: [[certificateProgram]],
    units: {
      "certbot.timer": { onChange: "none" },
      "mailstack-certificate.timer": { onChange: "restart" },
    },
    health: namesFit([name]),
    outputs: servedKeyOutputs(certificatePaths.chain),
  };
}

/** Debian packages beside certbot itself. */
export function pluginPackages(challenge: Challenge): string[] {
  return challenge.kind === "dns-01" ? [dnsPlugins[challenge.provider].package] : [];
}

function wayOf(challenge: Challenge) {
  if (challenge.kind === "http-01")
    return {
      authenticator: "webroot",
      webroot: acmeWebroot,
      credentials: "",
      advice: "do these names lead to this host, on port 80 too?",
    };
  const { name } = dnsPlugins[challenge.provider];
  return {
    authenticator: name,
    webroot: "",
    credentials: dnsCredentialsFile,
    advice: "is the DNS of these domains at the provider, and may mailstack:certificateDnsToken edit it?",
  };
}

/** A wildcard is for one label (RFC 6125, section 6.4.3), and not for the domain itself. */
function issuedNames(names: string[], challenge: Challenge): string[] {
  if (challenge.kind === "http-01") return names;
  const { domains } = challenge;
  const covered = (name: string) => domains.includes(name) || domains.includes(name.slice(name.indexOf(".") + 1));
  return [...domains.flatMap((domain) => [domain, `*.${domain}`]), ...names.filter((name) => !covered(name))];
}
