import { ciphers } from "../host/ciphers";
import { sandbox } from "../host/sandbox";
import { systems, type SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";
import { certificatePaths } from "./certificate.render";
import { acmeWebroot } from "./webroot";

/** Settings of the web server. */
export interface NginxSettings {
  system: SystemName;
  /** The mail host's own name, which has no site of its own. */
  hostname: string;
  /** Listen on IPv6 too. */
  ipv6: boolean;
  /** Every name of ours, with `hostname`: HTTP on them is redirected to HTTPS. */
  names: string[];
  /** Networks without a limit of requests. */
  trustedCidrs: string[];
}

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

/**
 * nginx with our sites beside whatever else it serves: no file of others is changed, and no site of ours is the default
 * one where another site could be. HTTP serves the authority's challenges and leads everything else to HTTPS.
 */
export function renderNginx(settings: NginxSettings): Bundle {
  const { hostname, names } = settings;
  return {
    service: "nginx",
    packages: nginxPackages,
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
        ipv6: settings.ipv6,
        names: names.join(" "),
        // nginx's own limit is 64 octets a name, with two pointers and a length; a second directive would be an error.
        longNames: names.some((name) => name.length > 46),
        acmeWebroot,
        ciphers,
        trusted: settings.trustedCidrs,
        certificate: certificatePaths,
        http2Directive: systems[settings.system].nginxHttp2Directive,
      },
    ),
    ...nginxSiteParts,
    health: [{ tcp: "127.0.0.1:80" }, { tcp: "127.0.0.1:443" }],
  };
}
