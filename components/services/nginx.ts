import { ciphers } from "./ciphers";
import { sandbox } from "../deployment/sandbox";
import type { Bundle } from "../deployment/bundle";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { certificatePaths } from "./tls";
import { acmeWebroot } from "./webroot";
import type { Stack } from "./stack";

export const nginxPackages = ["nginx"];

const folder = "/etc/nginx/mailstack";

/**
 * Texts that a site of ours includes within its `server` block. `https`: TLS on 443 with the host's certificate, and
 * the headers; a `location` that adds a header of its own must include `headers` again.
 */
export const nginxSnippets = { https: `${folder}/https.conf`, headers: `${folder}/headers.conf` } as const;

/** Path of another service's site: a file of its bundle with one or more `server` blocks for 443. */
export function nginxSite(name: string): string {
  return `${folder}/sites/${name}.conf`;
}

/** What the bundle of a service with a site needs besides the file. */
export const nginxSiteParts = {
  validate: [["nginx", "-t"]],
  units: { "nginx.service": { onChange: "reload" } },
} satisfies Partial<Bundle>;

/** Answers the certificate authority (RFC 8555, section 8.3). */
const http = { name: "http", port: 80 };

/**
 * nginx with our sites beside whatever else it serves: no file of others is changed, and no site of ours is the default
 * one where another site could be. HTTP serves the authority's challenges and leads everything else to HTTPS.
 */
export const nginx = defineService<Stack>({
  name: "nginx",
  type: "web:Nginx",
  after: ["tls"],
  packages: nginxPackages,
  // A backup MX has no sites.
  ports: ({ relayFor }) => (relayFor ? [http] : [http, { name: "https", port: 443 }]),
  render,
});

function render(stack: Pick<Stack, "system" | "fqdn" | "ipv6" | "siteNames" | "trustedCidrs">): BundleBody {
  const { fqdn: hostname, siteNames: names } = stack;
  return {
    directories: { [acmeWebroot]: { owner: "root:root", mode: "0755" } },
    files: filesFrom(
      "nginx",
      {
        [nginxSnippets.headers]: {},
        [nginxSnippets.https]: {},
        [`${folder}/tls.conf`]: {},
        [nginxSite("00-clients")]: {},
        [nginxSite("00-host")]: {},
        // After the sites of others: the first one of an address is the default for unknown names.
        "/etc/nginx/sites-enabled/zz-mailstack": {},
        "/etc/systemd/system/nginx.service.d/mailstack.conf": {},
      },
      {
        sandbox,
        folder,
        hostname,
        ipv6: stack.ipv6,
        names: names.join(" "),
        // nginx's own limit is 64 octets a name, with two pointers and a length; a second directive would be an error.
        longNames: names.some((name) => name.length > 46),
        acmeWebroot,
        ciphers,
        trusted: stack.trustedCidrs,
        certificate: certificatePaths,
        http2Directive: stack.system.nginxHttp2Directive,
      },
    ),
    ...nginxSiteParts,
    health: [{ tcp: "127.0.0.1:80" }, { tcp: "127.0.0.1:443" }],
  };
}
