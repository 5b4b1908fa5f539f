/** What an `up` of the present program does to a stack of an earlier release, by its day. Each with its reason. */
export interface Changes {
  /** Resources that are new, beside services. */
  create?: Record<string, string>;
  /** Those that exist already and are taken over. */
  import?: Record<string, string>;
  /** Commands that run again. Nothing else is ever replaced. */
  replace?: Record<string, string>;
  /** Changed in place: servers, firewalls, records. */
  update?: Record<string, string>;
  /** Services whose files on the host change, at most these. Not there while the next release is being worked on: any. */
  services?: Record<string, string>;
  /** Settings whose default changed: who never set one gets the new one. The page says so in these words. */
  defaults?: Record<string, { page: string; says: string }>;
}

export const changes: Record<string, Changes> = {
  "2026-11-26": {
    create: {
      "mail-backup-identity": "tells whose a backup is",
      "mail-backup-key": "for a backup server by SSH",
      "mail-backup-password": "of the backup repository",
      "mail-dkim": "a new key signs once its record is published",
      "mail-outgoing": "tells who deploys what is in the way of outgoing mail",
      "mail-published": "the host knows the records that status must find",
    },
    import: { "mail-firewall-device": "a refresh sees a firewall that was taken from the host" },
    replace: { "mail-roundcube": "runs again when the webmail's key has a new value" },
    update: {
      mail: "resizeDisk: a bigger plan gets its bigger disk; alone it changes nothing",
      "mail-dns-dmarc": "aspf=s: what is forwarded with a sender of this host proves nothing for its domains",
    },
    services: {
      "mail-accounts": "legal addresses of others in aliases",
      "mail-autoconfig": "read from a folder of root's",
      "mail-certificate": "a name that no longer leads here does not stop the renewal of the others",
      "mail-dovecot": "folder names, connections of a /64, shared folders, ciphers",
      "mail-fail2ban": "a /64 is one client; only a stranger's fault bans",
      "mail-health": "looks at the names of before, too",
      "mail-host-bootstrap": "the program itself",
      "mail-lockout": "the login policy that runs is the one of this release",
      "mail-mailbox-quota": "its program is a command of the host's own",
      "mail-nginx": "the webmail's own user, ciphers, headers",
      "mail-packages": "open security updates at the first up; SRS",
      "mail-postfix": "SRS, limits, capabilities, ciphers",
      "mail-redis": "backups hold what it holds",
      "mail-resolver": "DNSSEC of the published records",
      "mail-roundcube": "own FPM user, the client's address, headers",
      "mail-rspamd": "two workers, keys outside of its own tree, signing by envelope",
      "mail-upgrades": "updates of packages whose files we changed",
    },
    defaults: {
      "mailstack:dmarcPolicy": {
        page: "docs/decisions/dns-records.md",
        says: "A stack that never set it gets `quarantine` with the next `up`",
      },
    },
  },
  "2026-11-29": {
    create: {
      "mail-backup-identity": "tells whose a backup is",
      "mail-backup-key": "for a backup server by SSH",
      "mail-backup-password": "of the backup repository",
      "mail-outgoing": "tells who deploys what is in the way of outgoing mail",
    },
  },
};
