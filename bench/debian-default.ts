import type { PlainHost } from "./plain-host";

/** The mailbox of a host with Debian's default configuration. */
export const defaultMailbox = { address: "bench@plain.example", maildir: "/home/bench/Maildir/new" };

/** Dovecot's settings differ between Debian 12's 2.3 and Debian 13's 2.4. */
const dovecot = {
  debian12: ["mail_location = maildir:~/Maildir", "auth_username_format = %Ln"],
  debian13: [
    "mail_driver = maildir",
    "mail_path = ~/Maildir",
    "mail_inbox_path = ",
    "auth_username_format = %{user | username | lower}",
  ],
};

/**
 * Debian's own configuration of Postfix, Dovecot and Rspamd, with only what joins them: Rspamd as Postfix's milter, LMTP
 * to Dovecot, a Maildir, one system user. The limits of messages for a client are Postfix's defaults, which are none.
 */
export async function joinDefaults(host: PlainHost, os: "debian12" | "debian13"): Promise<void> {
  const lmtp = "/var/spool/postfix/private/dovecot-lmtp";
  const listener = `unix_listener ${lmtp} {\n    user = postfix\n    group = postfix\n    mode = 0600\n  }`;
  const text = [...dovecot[os], `service lmtp {\n  ${listener}\n}`, ""].join("\n");
  await host.system.must(["sh", "-c", "cat > /etc/dovecot/conf.d/99-bench.conf"], { input: text });
  await host.system.must(["useradd", "-m", "bench"]);
  const postfix = [
    "myhostname=plain.example",
    "mydestination=plain.example",
    "inet_interfaces=all",
    "inet_protocols=ipv4",
    "mailbox_transport=lmtp:unix:private/dovecot-lmtp",
    "smtpd_milters=inet:127.0.0.1:11332",
    "milter_default_action=tempfail",
  ];
  await host.system.must(["postconf", "-e", ...postfix]);
  await host.system.must(["systemctl", "restart", "rspamd", "dovecot", "postfix"]);
  const answers = "for try in $(seq 300); do bash -c '</dev/tcp/127.0.0.1/11332' && exit 0; sleep 0.2; done; exit 1";
  await host.system.must(["sh", "-c", `(${answers}) 2>/dev/null`]);
}
