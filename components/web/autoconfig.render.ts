import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { certificatePaths } from "./certificate.render";
import { nginxSite, nginxSiteParts, nginxSnippets } from "./nginx.render";

/** Settings of the answers to mail programs that set themselves up. */
export interface AutoconfigSettings {
  /** Name of the host that they shall use. */
  hostname: string;
  /** Hosted domains; none: nothing is answered. */
  domains: string[];
}

const folder = "/var/www/mailstack-autoconfig";
const answer = "/usr/local/libexec/mailstack/autoconfig";

/** The programs' services: `profile` has the host's key, to sign with; the one that reads what strangers post has not. */
const services = ["autodiscover", "profile"];

/**
 * What mail programs ask to set themselves up: Mozilla's config-v1.1.xml is a file; Microsoft's autodiscover and Apple's
 * profile hold the user's address, so a small program answers, started for each request and shut in. It knows no
 * accounts: every address in the domains gets the same answer.
 */
export function renderAutoconfig({ hostname, domains }: AutoconfigSettings): Bundle {
  if (domains.length === 0) return { service: "autoconfig", files: {}, ...nginxSiteParts };
  const unit = (name: string) => `/etc/systemd/system/mailstack-${name}`;
  const units = services.flatMap((name) => [unit(`${name}.socket`), unit(`${name}@.service`)]);
  return {
    service: "autoconfig",
    packages: ["openssl"],
    files: filesFrom(
      "autoconfig",
      {
        [`${folder}/config-v1.1.xml`]: {},
        [answer]: program,
        ...Object.fromEntries(units.map((path) => [path, {}])),
        [nginxSite("autoconfig")]: {},
      },
      {
        folder,
        answer,
        hostname,
        domains,
        domain: domains[0] ?? "",
        autoconfig: domains.map((domain) => `autoconfig.${domain}`).join(" "),
        autodiscover: domains.map((domain) => `autodiscover.${domain}`).join(" "),
        certificate: certificatePaths,
        snippets: { https: nginxSnippets.https },
      },
    ),
    validate: [
      ["python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", answer],
      ...nginxSiteParts.validate,
    ],
    units: {
      ...Object.fromEntries(services.map((name) => [`mailstack-${name}.socket`, { onChange: "restart" as const }])),
      ...nginxSiteParts.units,
    },
    health: services.map((name) => ({ socket: `/run/mailstack-${name}.sock` })),
  };
}
