"""Mail that waits for Dovecot is delivered as soon as it is back; what waits for other servers keeps its own time."""

import json
from typing import Any

from ..errors import MailstackError
from ..programs import run

# Each is a program of its own. With more, nearly all of the queue waits for Dovecot.
_MOST = 500


def retry(socket: str, postfix: str) -> None:
    """`socket`: where Postfix delivers, as it names it in its reasons for waiting; `postfix`: its unit."""
    # Without Postfix, postqueue(1) reads the queue by itself, and warns. What waits is tried when Postfix is back.
    if run(["systemctl", "is-active", "--quiet", postfix]).code != 0:
        return
    listed = run(["postqueue", "-j"])
    if listed.code != 0:
        raise MailstackError(f"postqueue ended with {listed.code}", listed.words())
    messages = [json.loads(line) for line in listed.out.splitlines()]
    waiting = [message["queue_id"] for message in messages if _waits(message, socket)]
    if len(waiting) > _MOST:
        run(["postqueue", "-f"])
        return
    for queue_id in waiting:
        # What is delivered in the meantime is no failure.
        run(["postqueue", "-i", queue_id])


def _waits(message: dict[str, Any], socket: str) -> bool:
    return any(f"[{socket}]" in recipient.get("delay_reason", "") for recipient in message["recipients"])
