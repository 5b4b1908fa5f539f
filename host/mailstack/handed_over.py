"""Whether this host has handed its work over to another one; `mailstack backup hand-over` does so, `resume` ends it.

From then on nothing may change what the next host continues with: every lock of ours asks here.
"""

from typing import Any

from . import marks
from .errors import MailstackError
from .paths import STATE, on_host
from .safe_path import remove

# Units do not start while it is there, see backup/hand_over.py.
MARK = STATE + "/handed-over.json"


def mark() -> dict[str, Any] | None:
    """`time`, `units` that ran, and `done` once the last backup is made; None on a host at work."""
    return marks.read(MARK)


def write(value: dict[str, Any]) -> None:
    """Replaces it."""
    marks.write(MARK, value)


def clear() -> None:
    """The host is at work again."""
    remove(on_host(MARK))


def refuse() -> None:
    """Raises on a host that has handed over, or was stopped while it did."""
    found = mark()
    if found is None:
        return
    if found["done"]:
        raise MailstackError(
            "this host has handed its work over to the next one, and nothing may change here; replace it, or take the "
            "work back: `mailstack backup resume`"
        )
    raise MailstackError(
        "handing over was cut off: end it with `mailstack backup hand-over`, or undo it with `mailstack backup resume`"
    )
