"""How mail leaves this host: straight to its recipients' servers, on port 25, or by somebody else's, the relay."""

import json
import os
import smtplib
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .errors import MailstackError
from .keys.world_dns import resolver
from .paths import on_host
from .programs import run
from .safe_path import read

# As components/services/outgoing.ts names them.
FILE = "/usr/local/share/mailstack/outgoing.json"
_LOGIN = "/etc/postfix/relay_password"
PAGE = "docs/admin/deliverability.md"

# What Linode does not let a new account connect to.
_BLOCKED = (25, 465, 587)
_SECONDS = 4.0
# Each of these is enough: no provider blocks a port to one server alone.
_EXCHANGERS = 2
# How Postfix's client begins what it says about a login; only mail for the relay has one.
_REFUSED = "SASL authentication failed"


@dataclass
class Relay:
    """Where mail goes, and whose; no domains: everybody's."""

    host: str
    port: int
    implicitTls: bool  # noqa: N815 - a key of the file
    domains: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass
class Outgoing:
    """What the deployment has decided."""

    probe_domain: str
    ipv6: bool
    relay: Relay | None


def load() -> Outgoing | None:
    """Nothing on a host whose last deployment knew nothing of it."""
    if not os.path.exists(on_host(FILE)):
        return None
    with open(on_host(FILE), encoding="utf-8") as file:
        known = json.load(file)
    relay = known.get("relay")
    return Outgoing(known["probeDomain"], known["ipv6"], Relay(**relay) if relay else None)


def probe(domain: str, ipv6: bool, port: int = 25) -> str:
    """The server that answers; raises MailstackError when none does."""
    servers = _exchangers(domain, ipv6)
    with ThreadPoolExecutor(len(servers)) as pool:
        answers = list(pool.map(lambda each: _answers(each[1], port), servers))
    for (name, _), answered in zip(servers, answers, strict=True):
        if answered:
            return name
    raise MailstackError(
        f"port 25 is blocked: no mail server of {domain} answers, and outgoing mail waits; "
        f"ask the provider to open it, or set mailstack:relayHost: {PAGE}"
    )


def _exchangers(domain: str, ipv6: bool) -> list[tuple[str, str]]:
    """Names and addresses of the first mail servers of a domain."""
    import dns.exception
    import dns.resolver

    ask = resolver(_SECONDS)
    try:
        records: list[Any] = sorted(ask.resolve(domain, "MX"), key=lambda each: each.preference)
        names = [str(each.exchange) for each in records[:_EXCHANGERS]]
        found = []
        for name in names:
            for kind in ("A", "AAAA") if ipv6 else ("A",):
                try:
                    found += [(name.rstrip("."), str(each)) for each in list(ask.resolve(name, kind))[:1]]
                except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                    continue
    except dns.exception.DNSException as error:
        raise MailstackError(
            f"not known: the DNS does not name {domain}'s mail servers ({type(error).__name__})"
        ) from None
    if not found:
        raise MailstackError(f"not known: {domain}'s mail servers have no address")
    return found


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), _SECONDS) as session:
            # A server that is hung up on writes a line about it.
            session.sendall(b"QUIT\r\n")
            return True
    except OSError:
        return False


def talk(relay: Relay, name: str, login: tuple[str, str] | None = None) -> str:
    """Meets the relay as Postfix would, without a mail. Raises MailstackError with what it, or TLS, says."""
    context = ssl.create_default_context()
    try:
        with _connect(relay, name, context) as session:
            session.ehlo()
            if not session.has_extn("auth"):
                raise MailstackError(f"{relay} offers no login, mail waits")
            version = session.sock.version()  # type: ignore[union-attr]
            if login:
                session.login(*login)
            return f"{relay}, {version}"
    except ssl.SSLCertVerificationError as error:
        raise MailstackError(f"{relay}: its certificate is not trusted, mail waits: {error.verify_message}") from None
    except smtplib.SMTPAuthenticationError as error:
        raise MailstackError(
            f"{relay} refuses the login, mail waits: {_said(error.smtp_code, error.smtp_error)}"
        ) from None
    except smtplib.SMTPResponseException as error:
        raise MailstackError(f"{relay}, mail waits: {_said(error.smtp_code, error.smtp_error)}") from None
    except smtplib.SMTPException as error:
        raise MailstackError(f"{relay}, mail waits: {' '.join(str(error).split())[:100]}") from None
    except OSError as error:
        advice = f"; Linode blocks port {relay.port} for new accounts: {PAGE}" if relay.port in _BLOCKED else ""
        words = error.strerror or str(error) or type(error).__name__
        raise MailstackError(f"{relay} cannot be reached, mail waits: {words}{advice}") from None


def _connect(relay: Relay, name: str, context: ssl.SSLContext) -> smtplib.SMTP:
    if relay.implicitTls:
        return smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=_SECONDS, context=context)
    session = smtplib.SMTP(relay.host, relay.port, name, timeout=_SECONDS)
    try:
        session.ehlo()
        if not session.has_extn("starttls"):
            raise MailstackError(f"{relay} offers no TLS, mail waits")
        session.starttls(context=context)
    except BaseException:
        session.close()
        raise
    return session


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())[:100]}"


def refused_logins() -> str:
    """What Postfix was told at its last login, when mail waits for that; empty: none does."""
    answer = run(["postqueue", "-j"], _SECONDS)
    lines = [json.loads(line) for line in answer.out.splitlines()] if answer.code == 0 else []
    reasons = [each.get("delay_reason", "") for line in lines for each in line["recipients"]]
    refused = [reason for reason in reasons if reason.startswith(_REFUSED)]
    if not refused:
        return ""
    said = refused[-1].partition(" said: ")[2] or refused[-1].partition("; ")[2]
    return f"refuses the login, {len(refused)} recipients wait: {said[:100]}"


def look(name: str) -> dict[str, Any]:
    """For who deploys, once: what is in the way of outgoing mail, with a login at the relay."""
    known = load()
    problems: list[str] = []
    if known and known.relay:
        try:
            talk(known.relay, name, _login())
        except MailstackError as error:
            problems.append(f"mailstack:relayHost: {error.message}")
    if known and known.probe_domain and not (known.relay and not known.relay.domains):
        try:
            probe(known.probe_domain, known.ipv6)
        except MailstackError as error:
            problems.append(f"mailstack:portProbeDomain: {error.message}")
    return {"at": int(time.time()), "problems": problems}


def _login() -> tuple[str, str]:
    content, _ = read(on_host(_LOGIN))
    line = next(each for each in content.decode().splitlines() if each.startswith("["))
    user, _, password = line.split(" ", 1)[1].partition(":")
    return user, password
