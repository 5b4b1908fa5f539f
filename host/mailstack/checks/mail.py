"""The mail ports, as a mail program or another mail server meets them."""

import smtplib
import socket
import ssl

from ..programs import run
from .bad import HERE, TIMEOUT, Bad


def any_certificate() -> ssl.SSLContext:
    """The certificate has its own check; here only the protocol counts."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def smtp(_name: str) -> str:
    """Another server can deliver."""
    with smtplib.SMTP(timeout=TIMEOUT) as session:
        try:
            code, banner = session.connect(HERE, 25)
        except ConnectionRefusedError:
            if "smtp/inet" in run(["postconf", "-h", "master_service_disable"], TIMEOUT).out:
                raise Bad("closed by hand; `mailstack emergency open-25` opens it") from None
            raise
        if code != 220:
            raise Bad(f"greeting {code}")
        session.ehlo()
        if not session.has_extn("starttls"):
            raise Bad("STARTTLS is not offered")
        if session.has_extn("auth"):
            raise Bad("logins are offered on the public port")
        return banner.decode("ascii", "replace").split()[0] + ", STARTTLS"


def submission(_name: str) -> str:
    """A mail program can log in after STARTTLS, and only then."""
    with smtplib.SMTP(HERE, 587, timeout=TIMEOUT) as session:
        session.ehlo()
        if session.has_extn("auth"):
            raise Bad("logins are offered without TLS")
        session.starttls(context=any_certificate())
        return _login(session)


def submissions(_name: str) -> str:
    """A mail program can log in over TLS."""
    with smtplib.SMTP_SSL(HERE, 465, timeout=TIMEOUT, context=any_certificate()) as session:
        return _login(session)


def _login(session: smtplib.SMTP) -> str:
    version = session.sock.version()  # type: ignore[union-attr]
    session.ehlo()
    if not session.has_extn("auth"):
        raise Bad("no login is offered")
    return f"{version}, AUTH{' ' + session.esmtp_features['auth'].strip()}"


def imaps(_name: str) -> str:
    """A mail program can read by IMAP."""
    return _greeting(993, "* OK")


def pop3s(_name: str) -> str:
    """A mail program can read by POP3."""
    return _greeting(995, "+OK")


def _greeting(port: int, expected: str) -> str:
    with (
        socket.create_connection((HERE, port), TIMEOUT) as raw,
        any_certificate().wrap_socket(raw) as session,
    ):
        said = session.recv(512).decode("utf-8", "replace").strip()
        if not said.startswith(expected):
            raise Bad(f"greeting {said[:40]!r}")
        return f"{session.version()}, {expected}"


def managesieve(_name: str) -> str:
    """The webmail can change a user's filters."""
    with socket.create_connection((HERE, 4190), TIMEOUT) as session, session.makefile("rb") as lines:
        offered = {}
        for line in lines:
            words = line.decode("utf-8", "replace").strip()
            if words.startswith("OK"):
                break
            name, _, value = words.partition(" ")
            offered[name.strip('"').upper()] = value.strip('"')
    if "STARTTLS" not in offered or "fileinto" not in offered.get("SIEVE", ""):
        raise Bad(f"offers {', '.join(sorted(offered)) or 'nothing'}")
    return "STARTTLS, Sieve"
