import { relayRenderOf, renderOf, type Render } from "./renders";

const backupMxs = [
  { version: 1 as const, hostname: "mx2.example.org", ipv4: "203.0.113.20", ipv6: "2001:db8:2::20" },
  {
    version: 1 as const,
    hostname: "mx2.example.org",
    ipv4: "203.0.113.19",
    ipv6: "",
    until: "2026-12-06T00:00:00.000Z",
  },
];

/** Services again, as other settings make them. */
export const variants: Record<string, Render> = {
  "certificate-dns": renderOf("certificate", { certificate: "dns-01", hostname: "mx.far.example.org", dane: false }),
  "certificate-existing": renderOf("certificate", {
    certificate: "existing",
    certificateFile: "/root/tls/fullchain.pem",
    certificateKeyFile: "/root/tls/privkey.pem",
    dane: false,
  }),
  "postfix-relay": renderOf("postfix", {
    relayHost: "smtp.example.com",
    relayPort: 465,
    relayUser: "mail@example.org",
  }),
  "postfix-relay-domains": renderOf("postfix", {
    relayHost: "smtp.example.com",
    relayUser: "mail@example.org",
    relayDomains: ["example.net"],
  }),
  "rspamd-filters": renderOf("rspamd", {
    domains: [],
    aliases: [],
    clamav: true,
    spamAssassin: true,
    spamAutolearn: true,
  }),
  "rspamd-rotation": renderOf("rspamd", {
    dkimSelector: "mail2",
    dkimOtherSelectors: ["mail3", "mail1"],
    dkimMaxAgeDays: 180,
  }),
  "restore-state-ssh": renderOf("restore-state", {
    backupRepository: "sftp://mail@backup.example.net:2222/srv/mail",
    backupHostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)}`,
    backupEveryHours: 6,
  }),
  "restore-state-append-only": renderOf("restore-state", {
    backupRepository: "append-only://mail@backup.example.net",
    backupHostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)}`,
  }),
  "backup-none": renderOf("backup"),
  relay: relayRenderOf("relay"),
  "rspamd-backup-mx": renderOf("rspamd", {}, { backupMxs }),
  "postfix-backup-mx": renderOf("postfix", {}, { backupMxs }),
  "alerts-off": renderOf("alerts", { alerts: false }),
  "clamav-off": renderOf("clamav"),
  "spamassassin-off": renderOf("spamassassin"),
};
