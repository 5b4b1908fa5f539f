import type { SystemName } from "../../components/host/systems";
import { renderClamAv } from "../../components/mail/clamav.render";
import { renderRspamd } from "../../components/mail/rspamd.render";
import { renderSpamAssassin } from "../../components/mail/spamassassin.render";
import type { Bundle } from "../../components/rendering/bundle";
import { renderCertificate } from "../../components/web/certificate.render";
import { renderExistingCertificate } from "../../components/web/existing-certificate.render";
import { administrator, hostname } from "./renders";

/** Services again, as other settings make them. */
export const variants: Record<string, (system: SystemName) => Bundle> = {
  "certificate-dns": (system) =>
    renderCertificate({
      system,
      names: [hostname, "mta-sts.example.net", "mx.far.example.org"],
      email: administrator,
      directory: "https://acme-v02.api.letsencrypt.org/directory",
      keepKey: false,
      challenge: { kind: "dns-01", provider: "cloudflare", domains: ["example.org", "example.net"] },
    }),
  "certificate-existing": (system) =>
    renderExistingCertificate({
      system,
      names: [hostname, "webmail.example.org"],
      chain: "/root/tls/fullchain.pem",
      key: "/root/tls/privkey.pem",
    }),
  "rspamd-filters": (system) =>
    renderRspamd({
      system,
      domains: ["example.org"],
      selector: "mail1",
      recipientsPerHour: 300,
      autolearn: true,
      clamav: true,
      spamAssassin: true,
    }),
  "clamav-off": () => renderClamAv({ enabled: false, messageSizeLimitMb: 40 }),
  "spamassassin-off": () => renderSpamAssassin({ enabled: false }),
};
