"""Where things are on the host. `MAILSTACK_ROOT` puts a folder in front of every path; only tests set it."""

import os


def on_host(path: str) -> str:
    """The real path of a host's absolute path."""
    return os.environ.get("MAILSTACK_ROOT", "") + path


# As components/services/accounts.ts makes it.
MAIL = "/var/vmail"
# Not in /run/lock, where any user of the host could hold it.
LOCK = "/run/mailstack/lock"
STATE = "/var/lib/mailstack"
MANIFESTS = STATE + "/manifests"
JOURNAL = STATE + "/journal"
BACKUPS = STATE + "/backups"
FIREWALL = STATE + "/firewall"
DEPLOYERS = STATE + "/deployers"
# As components/services/rspamd.ts names it.
DKIM = STATE + "/dkim"
SETTINGS = "/etc/mailstack"
SECRETS = SETTINGS + "/secrets"
INITIAL_PASSWORDS = SETTINGS + "/initial-passwords"

# A bundle may not name files here: they are the program's own, or no files at all.
FORBIDDEN = (STATE + "/", SETTINGS + "/", "/proc/", "/sys/", "/dev/", "/run/mailstack/")
