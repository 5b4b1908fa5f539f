import { recordMailServer, type RecordedServer } from "./support/mail-server";
import type { Registration } from "./support/recorded-program";

/**
 * Names, types and parents are what ties a deployed resource to the program: one that changes is a resource deleted and
 * made anew. Whoever changes this tree on purpose gives the resource an alias, or says in the release's notes why not.
 */
const tree = `
cloudflare pulumi:providers:cloudflare
linode pulumi:providers:linode
mail mailstack:index:MailServer
  mail mailstack:cloud:Server
    mail linode:index/instance:Instance
    mail-firewall linode:index/firewall:Firewall
    mail-firewall-device linode:index/firewallDevice:FirewallDevice
  mail-access mailstack:host:Access
    mail-access command:remote:Command
  mail-accounts mailstack:mail:Accounts
    mail-accounts command:remote:Command
  mail-address mailstack:dns:CloudflareRecords
    mail-address-autoconfig cloudflare:index/dnsRecord:DnsRecord
    mail-address-autodiscover cloudflare:index/dnsRecord:DnsRecord
    mail-address-host-a cloudflare:index/dnsRecord:DnsRecord
    mail-address-host-aaaa cloudflare:index/dnsRecord:DnsRecord
    mail-address-host-caa cloudflare:index/dnsRecord:DnsRecord
    mail-address-mta-sts cloudflare:index/dnsRecord:DnsRecord
    mail-address-webmail-a cloudflare:index/dnsRecord:DnsRecord
    mail-address-webmail-aaaa cloudflare:index/dnsRecord:DnsRecord
    mail-address-webmail-caa cloudflare:index/dnsRecord:DnsRecord
  mail-alerts mailstack:operations:Alerts
    mail-alerts command:remote:Command
  mail-autoconfig mailstack:web:Autoconfig
    mail-autoconfig command:remote:Command
  mail-backup mailstack:operations:Backup
    mail-backup command:remote:Command
  mail-backup-bucket mailstack:cloud:BackupBucket
    mail-backup-bucket linode:index/objectStorageBucket:ObjectStorageBucket
    mail-backup-bucket-key linode:index/objectStorageKey:ObjectStorageKey
  mail-backup-identity random:index/randomPassword:RandomPassword
  mail-backup-key random:index/randomPassword:RandomPassword
  mail-backup-password random:index/randomPassword:RandomPassword
  mail-certificate mailstack:web:Certificate
    mail-certificate command:remote:Command
  mail-clamav mailstack:mail:ClamAv
    mail-clamav command:remote:Command
  mail-connections mailstack:host:Connections
    mail-connections command:remote:Command
  mail-deploy-key random:index/randomPassword:RandomPassword
  mail-digest-key random:index/randomPassword:RandomPassword
  mail-dkim command:remote:Command
  mail-dns mailstack:dns:CloudflareRecords
    mail-dns-autodiscover-srv cloudflare:index/dnsRecord:DnsRecord
    mail-dns-dkim cloudflare:index/dnsRecord:DnsRecord
    mail-dns-dmarc cloudflare:index/dnsRecord:DnsRecord
    mail-dns-host-spf cloudflare:index/dnsRecord:DnsRecord
    mail-dns-imap cloudflare:index/dnsRecord:DnsRecord
    mail-dns-imaps cloudflare:index/dnsRecord:DnsRecord
    mail-dns-mta-sts-id cloudflare:index/dnsRecord:DnsRecord
    mail-dns-mx cloudflare:index/dnsRecord:DnsRecord
    mail-dns-pop3 cloudflare:index/dnsRecord:DnsRecord
    mail-dns-pop3s cloudflare:index/dnsRecord:DnsRecord
    mail-dns-spf cloudflare:index/dnsRecord:DnsRecord
    mail-dns-submission cloudflare:index/dnsRecord:DnsRecord
    mail-dns-submissions cloudflare:index/dnsRecord:DnsRecord
    mail-dns-tls-rpt cloudflare:index/dnsRecord:DnsRecord
  mail-dovecot mailstack:mail:Dovecot
    mail-dovecot command:remote:Command
  mail-fail2ban mailstack:operations:Fail2ban
    mail-fail2ban command:remote:Command
  mail-health mailstack:host:HostHealth
    mail-health command:remote:Command
  mail-host mailstack:host:Host
    mail-host-bootstrap command:remote:Command
  mail-host-key random:index/randomPassword:RandomPassword
  mail-kernel mailstack:host:Kernel
    mail-kernel command:remote:Command
  mail-lockout mailstack:mail:Lockout
    mail-lockout command:remote:Command
  mail-logs mailstack:operations:Logs
    mail-logs command:remote:Command
  mail-mail-guard mailstack:mail:MailGuard
    mail-mail-guard command:remote:Command
  mail-mailbox-quota mailstack:mail:MailboxQuota
    mail-mailbox-quota command:remote:Command
  mail-mta-sts mailstack:mail:MtaSts
    mail-mta-sts command:remote:Command
  mail-nginx mailstack:web:Nginx
    mail-nginx command:remote:Command
  mail-outgoing command:remote:Command
  mail-packages mailstack:host:Packages
    mail-packages command:remote:Command
  mail-postfix mailstack:mail:Postfix
    mail-postfix command:remote:Command
  mail-ptr mailstack:cloud:ReverseName
    mail-ptr linode:index/rdns:Rdns
  mail-ptr6 mailstack:cloud:ReverseName
    mail-ptr6 linode:index/rdns:Rdns
  mail-published mailstack:dns:Published
    mail-published command:remote:Command
  mail-redis mailstack:mail:Redis
    mail-redis command:remote:Command
  mail-resolver mailstack:host:Resolver
    mail-resolver command:remote:Command
  mail-restore-mail mailstack:operations:RestoreMail
    mail-restore-mail command:remote:Command
    mail-restore-mail-confirmed command:remote:Command
  mail-restore-state mailstack:operations:RestoreState
    mail-restore-state command:remote:Command
    mail-restore-state-confirmed command:remote:Command
  mail-roundcube mailstack:web:Roundcube
    mail-roundcube command:remote:Command
  mail-roundcube-secret random:index/randomPassword:RandomPassword
  mail-rspamd mailstack:mail:Rspamd
    mail-rspamd command:remote:Command
  mail-rspamd-controller random:index/randomPassword:RandomPassword
  mail-secrets mailstack:host:HostSecrets
    mail-secrets command:remote:Command
  mail-senders mailstack:mail:Senders
    mail-senders command:remote:Command
  mail-spamassassin mailstack:mail:SpamAssassin
    mail-spamassassin command:remote:Command
  mail-srs mailstack:mail:Srs
    mail-srs command:remote:Command
  mail-swap mailstack:host:Swap
    mail-swap command:remote:Command
  mail-tls mailstack:web:SelfSigned
    mail-tls command:remote:Command
  mail-ufw mailstack:host:HostFirewall
    mail-ufw command:remote:Command
    mail-ufw-confirmed command:remote:Command
  mail-upgrades mailstack:operations:Upgrades
    mail-upgrades command:remote:Command
`.trim();

/** Everything below one resource, by name and type; two lines for each place in the tree would be two resources. */
function treeOf({ registrations }: RecordedServer, parent = "", indent = ""): string[] {
  const line = ({ name, type }: Registration) => `${name} ${type}`;
  return registrations
    .filter((each) => each.parent === parent)
    .sort((a, b) => (line(a) < line(b) ? -1 : 1))
    .flatMap((each) => [indent + line(each), ...treeOf({ registrations } as RecordedServer, each.urn, `${indent}  `)]);
}

test("the resources of production, by name, type and parent", async () => {
  expect(treeOf(await recordMailServer()).join("\n")).toBe(tree);
});

test("every name starts with the name of its parent", async () => {
  const server = await recordMailServer({ domains: [{ name: "example.net", cloudflareZoneId: "1".repeat(32) }] });
  const strangers = server.registrations.filter((each) => {
    const parent = server.parents(each).at(-1);
    return parent && each.name !== parent.name && !each.name.startsWith(`${parent.name}-`);
  });
  expect(strangers).toEqual([]);
});

test("settings that belong to one service leave the names of all others alone", async () => {
  const settings = { swapMb: 0, os: "debian13", hostname: "mx.ementech.co.ke", plan: "g6-standard-2", protect: false };
  expect(treeOf(await recordMailServer(settings)).join("\n")).toBe(tree);
});
