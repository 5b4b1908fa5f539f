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
  "alerts-off": renderOf("alerts", { alerts: false }),
  "clamav-off": renderOf("clamav"),
  "spamassassin-off": renderOf("spamassassin"),
};
