import { seenBy, type Mutant } from "./mutant";

/** Faults in the web, in what is hidden, and in the machine. */
export const hostMutants: Mutant[] = [
  ...seenBy("behaviour/web", [
    [
      "TLS 1.1 in nginx",
      "templates/nginx/etc/nginx/mailstack/tls.conf.mustache",
      "ssl_protocols TLSv1.2 TLSv1.3;",
      "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;",
    ],
    [
      "browsers may come back without TLS",
      "templates/nginx/etc/nginx/mailstack/headers.conf.mustache",
      'add_header Strict-Transport-Security "max-age=31536000" always;\n',
      "",
    ],
    [
      "a site without TLS",
      "templates/nginx/etc/nginx/mailstack/sites/00-host.conf.mustache",
      "return 301 https://$host$request_uri;",
      "root /var/www/html;",
    ],
    [
      "the webmail takes any certificate",
      "templates/roundcube/etc/roundcube/config.inc.php.mustache",
      "'verify_peer' => true,",
      "'verify_peer' => false,",
    ],
    [
      "the webmail takes anybody's certificate",
      "templates/roundcube/etc/roundcube/config.inc.php.mustache",
      "'verify_peer_name' => true",
      "'verify_peer_name' => false",
    ],
    [
      "the webmail logs in without TLS",
      "templates/roundcube/etc/roundcube/config.inc.php.mustache",
      "'tls://127.0.0.1:587'",
      "'127.0.0.1:587'",
    ],
    [
      "PHP's socket is everybody's",
      "templates/roundcube/etc/php/VERSION/fpm/pool.d/mailstack-webmail.conf.mustache",
      "listen.mode = 0600",
      "listen.mode = 0666",
    ],
    [
      "the webmail's programs are given out",
      "templates/roundcube/etc/nginx/mailstack/sites/webmail.conf.mustache",
      "|png|svg",
      "|php|png|svg",
    ],
    [
      "the policy of MTA-STS names another host",
      "templates/mta-sts/var/www/mailstack-mta-sts/mta-sts.txt.mustache",
      "mx: {{.}}",
      "mx: mx.{{.}}",
    ],
  ]),
  ...seenBy("behaviour/secrets", [
    ["Redis has a port", "templates/redis/etc/redis/redis.conf.mustache", "port 0\n", "port 6379\n"],
    [
      "Redis' socket is everybody's",
      "templates/redis/etc/redis/redis.conf.mustache",
      "unixsocketperm 770",
      "unixsocketperm 777",
    ],
    [
      "the webmail's key is everybody's to read",
      "components/services/roundcube.ts",
      '[configuration]: { owner: `root:${user}`, mode: "0640" }',
      '[configuration]: { owner: `root:${user}`, mode: "0644" }',
    ],
    [
      "all mail is everybody's to read",
      "components/services/accounts.ts",
      '[mailOwner.home]: { owner: `${mailOwner.name}:${mailOwner.name}`, mode: "0700" }',
      '[mailOwner.home]: { owner: `${mailOwner.name}:${mailOwner.name}`, mode: "0755" }',
    ],
  ]),
  ...seenBy("behaviour/units", [
    [
      "Postfix's programs become root",
      "templates/postfix/etc/systemd/system/postfix.service.d/mailstack.conf.mustache",
      "NoNewPrivileges=yes\n",
      "",
    ],
    ["daemons make namespaces", "components/deployment/sandbox.ts", '  "RestrictNamespaces=yes",\n', ""],
    [
      "the rewriter of senders writes anywhere",
      "templates/srs/etc/systemd/system/postsrsd.service.d/mailstack.conf.mustache",
      "ProtectSystem=strict\n",
      "",
    ],
    [
      "the guard reaches the internet",
      "templates/mail-guard/etc/systemd/system/mailstack-mail-guard.service.mustache",
      "IPAddressDeny=any\n",
      "",
    ],
    [
      "the socket for quotas is everybody's",
      "templates/mailbox-quota/etc/systemd/system/mailstack-mailbox-quota.socket.mustache",
      "SocketMode=0600",
      "SocketMode=0666",
    ],
    [
      "a certificate ends while the host is off",
      "templates/certificate/etc/systemd/system/mailstack-certificate.timer.mustache",
      "Persistent=true\n",
      "",
    ],
  ]),
  ...seenBy("behaviour/machine", [
    [
      "SSH takes passwords",
      "templates/access/etc/ssh/sshd_config.d/00-mailstack.conf.mustache",
      "PasswordAuthentication no\n",
      "PasswordAuthentication yes\n",
    ],
    [
      "SSH takes passwords of some",
      "templates/access/etc/ssh/sshd_config.d/00-mailstack.conf.mustache",
      "    AuthorizedKeysFile {{keysFolder}}/%u\n",
      "    AuthorizedKeysFile {{keysFolder}}/%u\n    PasswordAuthentication yes\n",
    ],
    [
      "a group of the system may do everything",
      "templates/access/etc/sudoers.d/mailstack.mustache",
      "{{#users}}\n",
      "%adm ALL=(ALL:ALL) NOPASSWD: ALL\n{{#users}}\n",
    ],
    [
      "trusted networks are banned",
      "components/services/fail2ban.ts",
      '["127.0.0.0/8", "::1", ...stack.trustedCidrs].join(" ")',
      '["127.0.0.0/8", "::1"].join(" ")',
    ],
    [
      "passwords are guessed at a port without bans",
      "components/services/fail2ban.ts",
      '"25,465,587,993,995,4190,80,443"',
      '"25,465,587,993,995,80,443"',
    ],
    [
      "the firewall lets everything in",
      "templates/ufw/etc/default/ufw.mustache",
      'DEFAULT_INPUT_POLICY="DROP"',
      'DEFAULT_INPUT_POLICY="ACCEPT"',
    ],
    [
      "no security updates",
      "templates/upgrades/etc/apt/apt.conf.d/52mailstack-upgrades.mustache",
      'Unattended-Upgrade "1"',
      'Unattended-Upgrade "0"',
    ],
  ]),
];
