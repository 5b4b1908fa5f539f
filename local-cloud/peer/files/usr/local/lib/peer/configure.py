#!/usr/bin/python3
"""Makes this system the peer of a domain.

JSON on stdin: domain, hostname, selector; certificate, key, authorities (PEM).

Writes the settings, makes the DKIM key when there is none, and restarts only what has changed. Prints JSON with the
DKIM public key (base64, as in DNS). Running it again changes nothing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DKIM_KEY = Path("/etc/peer/dkim.key")

OPENDKIM = """\
# Verifies only; Exim signs.
Mode v
Syslog yes
UserID opendkim
Socket inet:8891@127.0.0.1
PidFile /run/opendkim/opendkim.pid
AuthservID {hostname}
AlwaysAddARHeader yes
# The message is stored with the verdict `temperror` instead of staying in the queue.
On-DNSError accept
ResolverConfiguration /etc/peer/unbound.conf
"""

# For the resolver inside OpenDKIM: it would ask the root servers itself, and keep answers that a test has changed.
UNBOUND = """\
server:
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  module-config: "iterator"
forward-zone:
  name: "."
{forwards}"""

# For all others: it says which answers it has validated, which Exim must know to keep to TLSA records. Unbound takes
# the documentation networks for private ones and would answer for their reverse zones itself.
VALIDATING = """\
server:
  interface: 127.0.0.1
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  module-config: "validator iterator"
  trust-anchor-file: "/usr/share/dns/root.key"
  local-zone: "100.51.198.in-addr.arpa." nodefault
  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault
forward-zone:
  name: "."
{forwards}"""
RESOLV_CONF = "nameserver 127.0.0.1\noptions edns0 trust-ad\n"

OPENDMARC = """\
Syslog true
UserID opendmarc
Socket inet:8893@127.0.0.1
PidFile /run/opendmarc/opendmarc.pid
AuthservID {hostname}
TrustedAuthservIDs {hostname}
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
RejectFailures false
"""

EXIM = """\
PEER_HOST = {hostname}
PEER_DOMAIN = {domain}
PEER_SELECTOR = {selector}
"""


def run(*command: str) -> str:
    """Runs a program that must succeed; its standard output."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def write(path: str, text: str, mode: int = 0o644, group: str = "root") -> bool:
    """Replaces a file when its text differs; whether it did."""
    target = Path(path)
    if target.exists() and target.read_text() == text:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(f"{path}.new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)
    shutil.chown(fresh, "root", group)
    fresh.chmod(mode)
    fresh.rename(target)
    return True


def forwards() -> str:
    """The resolvers that this host was given, as unbound wants them."""
    given = Path("/etc/peer/resolv.conf")
    if not given.exists():
        write(str(given), Path("/etc/resolv.conf").read_text())
    found = re.findall(r"^nameserver\s+(\S+)", given.read_text(), re.MULTILINE)
    if not found:
        sys.exit("peer: /etc/resolv.conf names no resolver")
    return "".join(f"  forward-addr: {address}\n" for address in found)


def trust(authorities: str) -> str:
    """The roots of this system and those given."""
    return Path("/etc/ssl/certs/ca-certificates.crt").read_text() + authorities


def dkim_public_key() -> str:
    """Makes the key pair when there is none; the public half in base64."""
    if not DKIM_KEY.exists():
        private = run("openssl", "genrsa", "2048")
        write(str(DKIM_KEY), private, 0o640, "Debian-exim")
    public = run("openssl", "rsa", "-in", str(DKIM_KEY), "-pubout")
    return "".join(line for line in public.splitlines() if not line.startswith("-"))


def main() -> None:
    """Configures from stdin."""
    settings = json.load(sys.stdin)
    public_key = dkim_public_key()
    changed = {
        "unbound": write("/etc/unbound/unbound.conf", VALIDATING.format(forwards=forwards())),
        "opendkim": any(
            [
                write("/etc/peer/unbound.conf", UNBOUND.format(forwards=forwards())),
                write("/etc/opendkim.conf", OPENDKIM.format(**settings)),
            ]
        ),
        "opendmarc": write("/etc/opendmarc.conf", OPENDMARC.format(**settings)),
        "peer-exim": any(
            [
                write("/etc/peer/exim.macros", EXIM.format(**settings)),
                write("/etc/peer/tls/certificate.pem", settings["certificate"]),
                write("/etc/peer/tls/trust.pem", trust(settings["authorities"])),
                write("/etc/peer/tls/key.pem", settings["key"], 0o640, "Debian-exim"),
            ]
        ),
    }
    write("/etc/mailname", settings["domain"] + "\n")
    run("exim4", "-bV")
    for unit, is_changed in changed.items():
        run("systemctl", "--quiet", "enable", unit)
        run("systemctl", "restart" if is_changed else "start", unit)
    write("/etc/resolv.conf", RESOLV_CONF)
    json.dump(
        {
            "dkimPublicKey": public_key,
            "restarted": [u for u, c in changed.items() if c],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
