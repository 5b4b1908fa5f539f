"""The certificate that the daemons serve, as a user's program judges it."""

import smtplib
import socket
import ssl
import time

from ..keys import certificate as issued
from .bad import HERE, TIMEOUT, Bad, Warn

# Renewal starts 30 days before the end; two weeks later something is wrong.
_TOO_LATE_DAYS = 14


def certificate(name: str) -> str:
    """Trusted, for this host's name, and not about to end; on each port that answers."""
    left = {}
    for port in (443, 465, 587, 993, 995):
        try:
            ends = _ends(port, name)
        except ssl.SSLCertVerificationError as error:
            raise Bad(f"port {port}: not valid for {name}: {error.verify_message}") from None
        except (ConnectionRefusedError, TimeoutError):
            # The port's own check says so.
            continue
        left[port] = int((ends - time.time()) // 86400)
    if not left:
        raise Bad("no port serves one")
    port = min(left, key=lambda each: left[each])
    if left[port] < _TOO_LATE_DAYS:
        raise Bad(f"port {port}: ends in {left[port]} days")
    return f"{name}, {left[port]} days left"


def names(_name: str) -> str:
    """Every name that the stack asks for is in the certificate; one that did not lead here was left out."""
    wanted: list[str] = issued.record().get("wanted", [])
    have = issued.certified(f"{issued.FOLDER}/live/fullchain.pem")
    lost = [name for name in wanted if not issued.covers(have, name)]
    if lost:
        raise Warn(f"left out: {' '.join(lost)}; make these names lead to this host, it asks for them within a day")
    return f"{len(have)} names in the certificate"


def _ends(port: int, name: str) -> float:
    context = ssl.create_default_context()
    if port == 587:
        with smtplib.SMTP(HERE, port, timeout=TIMEOUT) as session:
            # smtplib checks the certificate against this name.
            session._host = name  # type: ignore[attr-defined]
            session.starttls(context=context)
            return ssl.cert_time_to_seconds(session.sock.getpeercert()["notAfter"])  # type: ignore[union-attr]
    with (
        socket.create_connection((HERE, port), TIMEOUT) as raw,
        context.wrap_socket(raw, server_hostname=name) as secured,
    ):
        return ssl.cert_time_to_seconds(secured.getpeercert()["notAfter"])  # type: ignore[index, arg-type]
