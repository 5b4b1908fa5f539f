import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { certificatePaths } from "./tls";
import { nginxSite, nginxSiteParts, nginxSnippets } from "./nginx";
import type { Stack } from "./stack";

const folder = "/var/www/mailstack-autoconfig";

/** The programs' services: `profile` has the host's key, to sign with; the one that reads what strangers post has not. */
const services = ["autodiscover", "profile"];

/**
 * What mail programs ask to set themselves up: Mozilla's config-v1.1.xml is a file; Microsoft's autodiscover and Apple's
 * profile hold the user's address, so a small program answers, started for each request and shut in. It knows no
 * accounts: every address in the domains gets the same answer.
 */
export const autoconfig = defineService({
  name: "autoconfig",
  type: "web:Autoconfig",
  after: ["nginx"],
  enabled: ({ autoconfiguration }) => autoconfiguration,
  packages: ["openssl"],
  modules: ["daemons/autoconfig.py"],
  whenOff: nginxSiteParts,
  render,
});

function render(stack: Pick<Stack, "autoconfiguration" | "fqdn" | "mailDomains">): BundleBody {
  const { fqdn: hostname, mailDomains: domains } = stack;
  const unit = (name: string) => `/etc/systemd/system/mailstack-${name}`;
  const units = services.flatMap((name) => [unit(`${name}.socket`), unit(`${name}@.service`)]);
  return {
    files: filesFrom(
      "autoconfig",
      {
        [`${folder}/config-v1.1.xml`]: {},
        ...Object.fromEntries(units.map((path) => [path, {}])),
        [nginxSite("autoconfig")]: {},
      },
      {
        folder,
        hostname,
        domains,
        domain: domains[0] ?? "",
        autoconfig: domains.map((domain) => `autoconfig.${domain}`).join(" "),
        autodiscover: domains.map((domain) => `autodiscover.${domain}`).join(" "),
        certificate: certificatePaths,
        snippets: { https: nginxSnippets.https },
      },
    ),
    validate: nginxSiteParts.validate,
    units: {
      ...Object.fromEntries(services.map((name) => [`mailstack-${name}.socket`, { onChange: "restart" as const }])),
      ...nginxSiteParts.units,
    },
    health: services.map((name) => ({ socket: `/run/mailstack-${name}.sock` })),
  };
}
