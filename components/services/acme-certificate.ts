import type { BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { dnsCredentialsFile, dnsPlugins, type ChallengeProvider } from "../settings/dns-challenge";
import { acmeWebroot } from "./webroot";
import { certificateProgram, certificateUnits, namesFit } from "./served-certificate";
import { servedKeyOutputs } from "./served-key";
import type { Stack } from "./stack";
import { certificatePaths } from "./tls";

/** How the authority sees that the names are ours. */
export type Challenge = { kind: "http-01" } | { kind: "dns-01"; provider: ChallengeProvider; domains: string[] };

/** What the stack says about a certificate by ACME. */
export type AcmeStack = Pick<
  Stack,
  | "system"
  | "relayFor"
  | "siteNames"
  | "administrator"
  | "acmeDirectory"
  | "certificate"
  | "dnsProvider"
  | "mailDomains"
  | "dane"
>;

/**
 * A certificate by ACME, the names of all services in one. By HTTP-01 it needs nginx, which answers on port 80. Daemons
 * take it without a restart, now and at each renewal. Names that do not lead here are left out until they do
 * (host/mailstack/keys/certificate.py); without the host's own there is none, the authority's words are the error, and the
 * daemons keep what they have.
 */
export function renderAcmeCertificate(stack: AcmeStack): BundleBody {
  const { siteNames: names, administrator: email, acmeDirectory: directory } = stack;
  const challenge = challengeOf(stack);
  const [name] = names;
  if (name === undefined) throw new Error("a certificate needs at least one name");
  const hook = "/etc/letsencrypt/renewal-hooks/deploy/mailstack";
  const unit = (ending: string) => `/etc/systemd/system/mailstack-certificate.${ending}`;
  return {
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
        // Where the key is in the DNS, another one would stop mail.
        keepKey: stack.dane,
        units: certificateUnits(stack),
      },
    ),
    prepare: [[certificateProgram]],
    units: {
      "certbot.timer": { onChange: "none" },
      "mailstack-certificate.timer": { onChange: "restart" },
    },
    health: namesFit([name]),
    // Not the whole folder: hooks are files of the bundle.
    state: ["accounts", "archive", "live", "renewal"].map((name) => ({
      kind: "files",
      path: `/etc/letsencrypt/${name}`,
      owner: "root:root",
    })),
    outputs: servedKeyOutputs(certificatePaths.chain),
  };
}

/** Debian packages of the way in which the stack gets its certificate. */
export function acmePackages(stack: AcmeStack): string[] {
  const challenge = challengeOf(stack);
  return ["certbot", ...(challenge.kind === "dns-01" ? [dnsPlugins[challenge.provider].package] : [])];
}

/** With `dns-01` the certificate is for each whole domain: the domain, and every name right below it. */
function challengeOf({ certificate, dnsProvider: provider, mailDomains: domains }: AcmeStack): Challenge {
  if (certificate === "http-01") return { kind: "http-01" };
  if (provider === "none") throw new Error("a certificate by dns-01 needs a DNS provider");
  return { kind: "dns-01", provider, domains };
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
