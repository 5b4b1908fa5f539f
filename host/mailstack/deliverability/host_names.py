"""Who the host says it is, and whether it can show that."""

import smtplib
import ssl

from ..checks import dane, tls
from ..checks.bad import HERE, Bad, Warn
from ..errors import MailstackError
from ..outgoing import load, probe
from ..programs import run
from .findings import Question, Unanswered, is_here, look_up

_SECONDS = 5.0


def questions(name: str, addresses: list[str]) -> list[Question]:
    """Of the host itself, whatever its domains are."""
    return [
        *(Question(f"reverse name of {each}", lambda each=each: _reverse(name, each)) for each in addresses),
        Question("HELO name", lambda: _greeting(name, addresses)),
        Question("port 25 out", _port_25),
        Question("TLS on port 25", lambda: _certificate(name)),
        Question("TLS for users", lambda: _checked(lambda: tls.certificate(name))),
        Question("DANE", lambda: _checked(lambda: dane.key(name))),
    ]


def _reverse(name: str, address: str) -> str:
    """The address leads to the name, and the name back (FCrDNS)."""
    import dns.reversename

    if not is_here(address):
        raise MailstackError(f"{name} leads to {address}, which is not this host's: run `pulumi up --refresh`")
    found = [each.rstrip(".").lower() for each in look_up(str(dns.reversename.from_address(address)), "PTR")]
    if found != [name]:
        raise MailstackError(f"{' '.join(found) or 'there is none'}, must be {name}: run `pulumi up --refresh`")
    return f"{name}, which leads back"


def _greeting(name: str, addresses: list[str]) -> str:
    said = run(["postconf", "-hx", "smtp_helo_name"], _SECONDS).out.strip()
    if said != name:
        raise MailstackError(f"Postfix greets others as {said}, must be {name}: run `mailstack verify postfix`")
    if not addresses:
        raise MailstackError(f"{name} has no address in the DNS: run `pulumi up --refresh`")
    return name


def _port_25() -> str:
    known = load()
    if known is None or not known.probe_domain:
        raise Unanswered("nobody looks: mailstack:portProbeDomain is empty")
    if known.relay and not known.relay.domains:
        return f"not needed: all mail goes to {known.relay}"
    return f"open: {probe(known.probe_domain, known.ipv6)} answers"


def _certificate(name: str) -> str:
    """Of the port that other servers meet; MTA-STS asks for this."""
    try:
        with smtplib.SMTP(HERE, 25, name, timeout=_SECONDS) as session:
            # smtplib checks the certificate against this name.
            session._host = name  # type: ignore[attr-defined]
            session.starttls(context=ssl.create_default_context())
            return f"{session.sock.version()}, trusted for {name}"  # type: ignore[union-attr]
    except ssl.SSLCertVerificationError as error:
        raise MailstackError(f"not valid for {name}: {error.verify_message}; see `mailstack status`") from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailstackError(f"{error}; see `mailstack status`") from None


def _checked(check) -> str:  # type: ignore[no-untyped-def]
    """One of `mailstack status`."""
    try:
        return str(check())
    except (Bad, Warn, OSError, smtplib.SMTPException) as error:
        raise MailstackError(f"{error}; see `mailstack status`") from None
