"""The commands for emergencies; see ../commands.py."""

import time
from argparse import Namespace
from typing import Any

from ..apply.lock import DEFAULT_TIMEOUT, Lock
from ..commands import say_result


def add(commands: Any, command: Any, as_json: Any) -> None:
    """`mailstack emergency ...`; `command` and `as_json` are those of ../__main__.py."""
    found = command(commands, "emergency", None, "help at once, without losing mail").add_subparsers(
        metavar="COMMAND", required=True
    )
    command(found, "close-25", close_25, "take no mail from other servers; they keep it and try again")
    command(found, "open-25", open_25, "take mail from other servers again")
    text = "lock an account that somebody else uses, and hold what it has in the queue"
    command(found, "hold", hold, text).add_argument("address")
    text = "send what was held of an account"
    command(found, "release", release, text).add_argument("address")
    as_json(command(found, "queue", queue, "tell who sent what waits, where it goes, and why it waits"))
    made = as_json(command(found, "disk", disk, "tell what fills the disk"))
    made.add_argument("--free", action="store_true", help="remove what is safe to remove; never mail")


def close_25(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .mail_flow import close_25 as close

    with Lock("emergency close-25", DEFAULT_TIMEOUT):
        close()
    return 0


def open_25(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .mail_flow import open_25 as open_

    with Lock("emergency open-25", DEFAULT_TIMEOUT):
        open_()
    return 0


def hold(options: Namespace) -> int:
    """stdout: the queue ID of each message of the account that waits, as `postsuper -d -` takes them."""
    from .mail_flow import hold as stop

    with Lock("emergency hold", DEFAULT_TIMEOUT):
        for each in stop(options.address):
            say_result(each)
    return 0


def release(options: Namespace) -> int:
    """stdout: the queue ID of each message that goes on."""
    from .mail_flow import release as go_on

    with Lock("emergency release", DEFAULT_TIMEOUT):
        for each in go_on(options.address):
            say_result(each)
    return 0


def queue(options: Namespace) -> int:
    """stdout: the largest numbers first."""
    from .waiting import summary

    found = summary()
    if options.json:
        say_result(found)
        return 0
    age = f", the oldest for {(time.time() - found['oldest']) / 3600:.1f} h" if found["oldest"] else ""
    say_result(f"{found['messages']} messages wait{age}")
    for what in ("queues", "senders", "domains", "reasons"):
        for name, number in found[what]:
            say_result(f"{number:8}  {what.removesuffix('s'):8} {name or '<>'}")
    return 0


def disk(options: Namespace) -> int:
    """stdout: sizes, the largest first."""
    from .room import free, look

    freed = free() if options.free else None
    found = look()
    if options.json:
        say_result(found | ({} if freed is None else {"freed": freed}))
        return 0
    for what in ("mailboxes", "logs"):
        for name, size in found[what]:
            say_result(f"{size / 1e6:10.1f} MB  {name}")
    if freed is not None:
        say_result(f"{freed / 1e6:10.1f} MB  freed")
    for name, size in found["free"].items():
        say_result(f"{size / 1e6:10.1f} MB  could be freed: {name}")
    return 0
