"""What is in the queue: who sent it, where it goes, and what keeps it."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..errors import MailstackError
from ..programs import run

HOLD = "hold"
_SECONDS = 120.0
# Arguments have a largest size, and a message may be gone when its turn comes.
_AT_ONCE = 200
_SHOWN = 10
_HEAD = re.compile(r"^\*\*\* ENVELOPE RECORDS \S*?([^/ ]+) \*\*\*$")
_LOGIN = "named_attribute: sasl_username="


@dataclass(frozen=True)
class Message:
    """One of the queue. `login`: who had logged in to send it; empty for all other mail."""

    id: str
    queue: str
    sender: str
    recipients: tuple[str, ...]
    reasons: tuple[str, ...]
    arrived: float
    login: str


def messages() -> list[Message]:
    """All of them."""
    answer = run(["postqueue", "-j"], _SECONDS)
    if answer.code != 0:
        raise MailstackError("Postfix does not show its queue", answer.words(3))
    entries = [json.loads(line) for line in answer.out.splitlines()]
    logins = _logins([str(entry["queue_id"]) for entry in entries])
    return [_message(entry, logins.get(str(entry["queue_id"]), "")) for entry in entries]


def _message(entry: dict[str, Any], login: str) -> Message:
    recipients = entry.get("recipients", [])
    return Message(
        id=entry["queue_id"],
        queue=entry["queue_name"],
        sender=entry["sender"],
        recipients=tuple(each["address"] for each in recipients),
        reasons=tuple(each["delay_reason"] for each in recipients if each.get("delay_reason")),
        arrived=float(entry["arrival_time"]),
        login=login,
    )


def _logins(ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        # It ends with 1 when one of them is gone, and shows the others.
        shown = run(["postcat", "-qe", *ids[start : start + _AT_ONCE]], _SECONDS).out
        current = ""
        for line in shown.splitlines():
            head = _HEAD.match(line)
            if head:
                current = head[1]
            elif line.startswith(_LOGIN):
                found[current] = line.removeprefix(_LOGIN).strip()
    return found


def summary() -> dict[str, Any]:
    """Numbers of messages by queue, account or sender, domain of the recipient, and reason."""
    found = messages()
    return {
        "messages": len(found),
        "oldest": min((each.arrived for each in found), default=None),
        "queues": _most(each.queue for each in found),
        "senders": _most(each.login or each.sender for each in found),
        "domains": _most(name.rpartition("@")[2].lower() for each in found for name in set(each.recipients)),
        "reasons": _most(reason for each in found for reason in set(each.reasons)),
    }


def _most(names: Any) -> list[tuple[str, int]]:
    return Counter(names).most_common(_SHOWN)
