"""What `mailstack status` looks at. One line of the table is one check.

A check is a function of the host's mail name that returns what it saw in a few words; it raises (`Bad`, `OSError`) when
a user would meet a problem. It has a few seconds, and runs beside the others.
"""

from collections.abc import Callable

from . import (
    accounts,
    autoconfig,
    bans,
    clock,
    connections,
    dane,
    dkim,
    dns,
    filters,
    firewall,
    forwarding,
    host,
    ipv6,
    logins,
    logs,
    mail,
    published,
    queue,
    quota,
    replaced,
    scanner,
    tls,
    upgrades,
    volume,
    web,
)

Check = Callable[[str], str]

# Name, the services (any of them must be on the host; empty: always), the check.
CHECKS: tuple[tuple[str, tuple[str, ...], Check], ...] = (
    ("smtp 25", ("postfix",), mail.smtp),
    ("smtp IPv6", ("postfix",), ipv6.smtp),
    ("submission 587", ("postfix",), mail.submission),
    ("submissions 465", ("postfix",), mail.submissions),
    ("imaps 993", ("dovecot",), mail.imaps),
    ("pop3s 995", ("dovecot",), mail.pop3s),
    ("managesieve", ("dovecot",), mail.managesieve),
    ("user filters", ("dovecot",), filters.of_users),
    ("http 80", ("nginx",), web.http),
    ("https 443", ("nginx",), web.https),
    ("webmail", ("roundcube",), web.webmail),
    ("accounts", ("accounts", "postfix"), accounts.readable),
    ("logins", ("lockout",), logins.policy),
    ("certificate", ("postfix", "dovecot", "nginx"), tls.certificate),
    ("names", ("certificate",), tls.names),
    ("autoconfig", ("autoconfig",), autoconfig.autoconfig),
    ("mta-sts", ("mta-sts",), autoconfig.mta_sts),
    ("dane", ("postfix",), dane.key),
    ("published", ("published",), published.records),
    ("quota", ("mailbox-quota",), quota.policy),
    ("forwarding", ("srs",), forwarding.rewriter),
    ("mailboxes", ("dovecot",), quota.usage),
    ("queue", ("postfix",), queue.length),
    ("redis", ("redis",), scanner.redis),
    ("rspamd", ("rspamd",), scanner.rspamd),
    ("mail guard", ("mail-guard",), scanner.guard),
    ("dkim", ("rspamd",), dkim.signs),
    ("lessons", ("rspamd",), scanner.lessons),
    ("antivirus", ("clamav",), filters.antivirus),
    ("spamassassin", ("spamassassin",), filters.spamassassin),
    ("resolver", ("resolver", "unbound"), dns.resolver),
    ("firewall", ("ufw",), firewall.closed),
    ("connections", ("connections",), connections.limited),
    ("bans", ("fail2ban",), bans.kept),
    ("logs", ("logs",), logs.written),
    ("clock", ("kernel",), clock.right),
    ("upgrades", ("upgrades",), upgrades.nightly),
    ("files", (), replaced.none),
    ("units", (), host.units),
    ("disk", (), host.disk),
    ("mail volume", ("volume",), volume.used),
    ("memory", (), host.memory),
)
