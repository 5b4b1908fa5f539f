"""Mail that waits."""

import json

from ..programs import run
from .bad import TIMEOUT, Bad

# A handful of dead addresses is normal; hundreds mean that nothing leaves, or that someone sends spam.
_TOO_MANY = 500


def length(_name: str) -> str:
    """How many messages are queued, and how many of them were tried in vain."""
    answer = run(["postqueue", "-j"], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"postqueue ended with {answer.code}")
    queues = [json.loads(line)["queue_name"] for line in answer.out.splitlines()]
    text = f"{len(queues)} messages, {queues.count('deferred')} deferred"
    if len(queues) > _TOO_MANY:
        raise Bad(text)
    return text
