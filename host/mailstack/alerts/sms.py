"""Text messages by Twilio: one form for each number, since each may be refused by itself."""

import json
import re
from typing import Any
from urllib.parse import urlencode

from . import https
from .settings import Sms

_PREFIX = "sms to "
_WORDS = 120


def names(sms: Sms | None) -> list[str]:
    """A channel for each number: what one refuses is not sent to the others again."""
    return [_PREFIX + number for number in sms.to] if sms else []


def number_of(channel: str) -> str:
    """Empty if the channel is no such one."""
    return channel.removeprefix(_PREFIX) if channel.startswith(_PREFIX) else ""


def send(message: dict[str, Any], number: str, sms: Sms, known: dict[str, list[str]], deadline: float) -> None:
    """Raises Undelivered with Twilio's own words."""
    sender = "MessagingServiceSid" if sms.sender.startswith("MG") else "From"
    form = {"To": number, sender: sms.sender, "Body": message["sms"]}
    # The login is no part of what is connected to or asked for; see https.py.
    url = f"https://{sms.account}:{sms.token}@{sms.host}/2010-04-01/Accounts/{sms.account}/Messages.json"
    kind = "application/x-www-form-urlencoded"

    def explain(answer: bytes) -> str:
        words = _explain(answer)
        return "" if sms.token in words else words

    https.request(url, known, deadline, urlencode(form).encode(), {"Content-Type": kind}, explain)


def _explain(answer: bytes) -> str:
    """Like `21211 Invalid 'To' Phone Number`; empty for anything else than Twilio's JSON."""
    try:
        told = json.loads(answer)
        words = f"{int(told['code'])} {told['message']}"
    except (ValueError, TypeError, KeyError):
        return ""
    return " ".join(re.sub(r"[^ -~]", " ", words).split())[:_WORDS]
