import { renderAccess } from "../../components/host/access.render";
import { renderConnections } from "../../components/host/connections.render";
import { renderHostFirewall } from "../../components/host/firewall.render";
import { renderKernel } from "../../components/host/kernel.render";
import { renderPackages } from "../../components/host/packages.render";
import { renderResolver } from "../../components/host/resolver.render";
import { renderSwap } from "../../components/host/swap.render";
import type { SystemName } from "../../components/host/systems";
import { renderAccounts } from "../../components/mail/accounts.render";
import { renderClamAv } from "../../components/mail/clamav.render";
import { renderDovecot } from "../../components/mail/dovecot.render";
import { renderLockout } from "../../components/mail/lockout.render";
import { renderMailGuard } from "../../components/mail/mail-guard.render";
import { renderMailboxQuota } from "../../components/mail/mailbox-quota.render";
import { renderPostfix } from "../../components/mail/postfix.render";
import { renderRedis } from "../../components/mail/redis.render";
import { renderRspamd } from "../../components/mail/rspamd.render";
import { renderSrs } from "../../components/mail/srs.render";
import { renderSenders } from "../../components/mail/senders.render";
import { renderVolume } from "../../components/mail/volume.render";
import { renderSpamAssassin } from "../../components/mail/spamassassin.render";
import { renderFail2ban } from "../../components/operations/fail2ban.render";
import { renderLogs } from "../../components/operations/logs.render";
import { renderUpgrades } from "../../components/operations/upgrades.render";
import type { Bundle } from "../../components/rendering/bundle";
import { renderMtaSts } from "../../components/mail/mta-sts.render";
import { renderAutoconfig } from "../../components/web/autoconfig.render";
import { renderCertificate, renderSelfSigned } from "../../components/web/certificate.render";
import { renderNginx } from "../../components/web/nginx.render";
import { renderRoundcube } from "../../components/web/roundcube.render";

export const hostname = "mail.example.org";
export const administrator = "admin@example.org";

/** Every service with the settings of one imagined mail server. */
export const renders: Record<string, (system: SystemName) => Bundle> = {
  access: () =>
    renderAccess({
      sshAllowedCidrs: ["192.0.2.0/24", "2001:db8::/32"],
      sudoUsers: [
        { name: "tech", authorizedKeys: ["ssh-ed25519 AAAAC3Nz tech", "ssh-rsa AAAAB3Nz old"] },
        { name: "deputy", authorizedKeys: ["ssh-ed25519 AAAAC3Nzd deputy"] },
      ],
    }),
  kernel: () => renderKernel({}),
  logs: (system) => renderLogs({ system, hostname, administrator, retentionDays: 30 }),
  upgrades: (system) => renderUpgrades({ system, hostname, administrator }),
  packages: (system) => renderPackages({ system, webmail: true }),
  swap: () => renderSwap({ sizeMb: 2048 }),
  volume: () => renderVolume({ device: "/dev/disk/by-id/scsi-0Linode_Volume_mail-example-org", sizeGb: 40 }),
  senders: () => renderSenders({ domains: ["example.org", "xn--bcher-kva.example"], hostname }),
  srs: () => renderSrs({ hostname }),
  resolver: (system) => renderResolver({ system, ipv6: true }),
  accounts: () =>
    renderAccounts({
      domains: ["example.org", "example.net"],
      users: [
        { address: "ceo@example.org", quotaMb: 2048, passwordVersion: 1 },
        { address: administrator, quotaMb: 5120, passwordVersion: 2 },
      ],
      aliases: [
        { address: "sales@example.org", destinations: ["ceo@example.org", administrator] },
        { address: "abuse@example.net", destinations: ["ceo@example.org"] },
      ],
      sharedAliases: [{ name: "jobs", destinations: ["ceo@example.org"] }],
      administrator,
    }),
  lockout: () => renderLockout({ failures: 5, minutes: 15, trustedCidrs: ["192.0.2.0/24"] }),
  redis: () => renderRedis({}),
  rspamd: (system) =>
    renderRspamd({
      system,
      domains: ["example.org", "example.net"],
      selector: "mail1",
      recipientsPerHour: 300,
      autolearn: false,
      clamav: false,
      spamAssassin: false,
    }),
  clamav: () => renderClamAv({ enabled: true, messageSizeLimitMb: 40 }),
  spamassassin: () => renderSpamAssassin({ enabled: true }),
  tls: () => renderSelfSigned({ hostname }),
  nginx: (system) =>
    renderNginx({
      system,
      hostname,
      ipv6: true,
      names: [hostname, "webmail.example.org"],
      trustedCidrs: ["192.0.2.0/24"],
    }),
  dovecot: (system) =>
    renderDovecot({
      system,
      hostname,
      ipv6: true,
      manageSieve: false,
      postmaster: "postmaster@example.org",
      defaultQuotaMb: 2048,
      lockout: true,
      passwordMaxAgeDays: 0,
      compressMail: false,
      trashDays: 0,
      junkDays: 30,
    }),
  "mailbox-quota": () => renderMailboxQuota(),
  "mail-guard": () => renderMailGuard(),
  postfix: (system) =>
    renderPostfix({
      system,
      hostname,
      ipv6: true,
      dane: true,
      domain: "example.org",
      administrator,
      messageSizeLimitMb: 40,
      trustedCidrs: ["192.0.2.0/24", "2001:db8::/32"],
    }),
  certificate: (system) =>
    renderCertificate({
      system,
      names: [hostname, "webmail.example.org"],
      email: administrator,
      keepKey: true,
      directory: "https://acme-v02.api.letsencrypt.org/directory",
      challenge: { kind: "http-01" },
    }),
  autoconfig: () => renderAutoconfig({ hostname, domains: ["example.org", "example.net"] }),
  "mta-sts": () => renderMtaSts({ mode: "testing", hostnames: [hostname], domains: ["example.org", "example.net"] }),
  connections: () =>
    renderConnections({
      trustedCidrs: ["192.0.2.0/24", "2001:db8::/32"],
      webmail: true,
      inner: [{ ports: [10001, 10002], users: ["postfix"] }],
    }),
  ufw: () =>
    renderHostFirewall({
      ipv6: true,
      manageSieve: false,
    }),
  roundcube: (system) =>
    renderRoundcube({
      system,
      enabled: true,
      site: "webmail.example.org",
      hostname,
      domain: "example.org",
      messageSizeLimitMb: 40,
    }),
  fail2ban: (system) =>
    renderFail2ban({ system, trustedCidrs: ["192.0.2.0/24", "2001:db8::/32"], failures: 5, minutes: 15 }),
};
