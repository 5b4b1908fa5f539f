import { renderOf, type Render } from "./renders";

/** Services again, as other settings make them. */
export const variants: Record<string, Render> = {
  "certificate-dns": renderOf("certificate", { certificate: "dns-01", hostname: "mx.far.example.org", dane: false }),
  "certificate-existing": renderOf("certificate", {
    certificate: "existing",
    certificateFile: "/root/tls/fullchain.pem",
    certificateKeyFile: "/root/tls/privkey.pem",
    dane: false,
  }),
  "rspamd-filters": renderOf("rspamd", {
    domains: [],
    aliases: [],
    clamav: true,
    spamAssassin: true,
    spamAutolearn: true,
  }),
  "clamav-off": renderOf("clamav"),
  "spamassassin-off": renderOf("spamassassin"),
};
