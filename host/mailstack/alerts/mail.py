"""Alerts by mail: through Postfix while the way out is well, otherwise straight to the recipient's server."""

import contextlib
import smtplib
import ssl
import time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

from ..programs import run
from . import addresses
from .undelivered import NotNow, Undelivered

_SENDMAIL_SECONDS = 15.0
_PORT = 25
_CONNECT_SECONDS = 10.0
# Checks that must be well for Postfix to take a mail and send it on at once.
LOCAL_WAY = ("smtp 25", "queue", "rspamd", "mail guard")
WAY_OUT = (*LOCAL_WAY, "resolver")


def send(message: dict[str, Any], recipient: str, hostname: str, how: "Way") -> None:
    """Raises Undelivered or NotNow."""
    content = _content(message, recipient, hostname)
    why = ""
    if how.postfix_is_well:
        argv = ["/usr/sbin/sendmail", "-i", "-f", f"root@{hostname}", "--", recipient]
        answer = run(argv, _SENDMAIL_SECONDS, content.decode("ascii"))
        if answer.code == 0:
            return
        why = " ".join(answer.words(1)) or f"sendmail ended with {answer.code}"
    if how.is_local:
        if why:
            raise Undelivered(why)
        raise NotNow
    _straight(content, recipient, hostname, how)


class Way:
    """What a delivery by mail may use."""

    def __init__(self, is_local: bool, postfix_is_well: bool, known: dict[str, list[str]], deadline: float) -> None:
        self.is_local = is_local
        self.postfix_is_well = postfix_is_well
        self.known = known
        self.deadline = deadline

    def left(self) -> float:
        """Seconds for the next step."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Undelivered("did not end in time")
        return left


def _content(message: dict[str, Any], recipient: str, hostname: str) -> bytes:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = f"Mailstack <root@{hostname}>"
    mail["To"] = recipient
    mail["Subject"] = message["subject"]
    mail["Date"] = formatdate(message["time"])
    # The same at each attempt: one that came through unnoticed is the same mail.
    mail["Message-ID"] = f"<{message['id']}.alert@{hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message["text"] + "\n")
    return mail.as_bytes()


def _straight(content: bytes, recipient: str, hostname: str, how: Way) -> None:
    domain = recipient.rpartition("@")[2]
    try:
        servers = addresses.mail_servers(domain, how.known)
    except OSError as error:
        raise Undelivered(str(error)) from None
    if not servers:
        raise Undelivered(f"{domain} takes no mail")
    problem = "has no address"
    for server in servers:
        try:
            found = addresses.of_host(server, how.known)
        except OSError as error:
            problem = f"{server}: {error.strerror or error}"
            continue
        for address in found:
            problem = _attempt(content, recipient, hostname, server, address, how)
            if not problem:
                return
    raise Undelivered(problem)


def _attempt(content: bytes, recipient: str, hostname: str, server: str, address: str, how: Way) -> str:
    """Empty when it was taken. TLS as other servers do it: verified, or else encrypted, or else in clear (RFC 7435)."""
    contexts: list[ssl.SSLContext | None] = [ssl.create_default_context(), _unverified(), None]
    for context in contexts:
        session = smtplib.SMTP(local_hostname=hostname, timeout=min(_CONNECT_SECONDS, how.left()))
        try:
            session.connect(address, _PORT)
            # smtplib checks the certificate against this name.
            session._host = server  # type: ignore[attr-defined]
            session.ehlo()
            if context and session.has_extn("starttls"):
                session.starttls(context=context)
                session.ehlo()
            if session.sock:
                session.sock.settimeout(how.left())
            session.sendmail(f"root@{hostname}", [recipient], content)
            # It was taken, whatever becomes of the good-bye.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
            return ""
        except ssl.SSLError:
            continue
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return f"{server} answers {code} {_text(words)}"
        except smtplib.SMTPResponseException as refused:
            return f"{server} answers {refused.smtp_code} {_text(refused.smtp_error)}"
        except (OSError, smtplib.SMTPException) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return f"{server}: {words or type(error).__name__}"
        finally:
            session.close()
    return f"{server}: no TLS and no clear text"


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())[:120]
