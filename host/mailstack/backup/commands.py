"""The commands about backups; see ../commands.py."""

import time
from argparse import Namespace
from typing import Any

from ..commands import say_result


def add(commands: Any, command: Any, as_json: Any) -> None:
    """`mailstack backup ...` and `mailstack restore ...`; `command` and `as_json` are those of ../__main__.py."""
    backups = command(commands, "backup", None, "off-site backups of this host").add_subparsers(
        metavar="COMMAND", required=True
    )
    as_json(command(backups, "run", run, "back up what has changed"))
    as_json(command(backups, "list", list_, "list the backups"))
    made = command(backups, "check", check, "verify the repository against its checksums")
    made.add_argument("--read", default="", metavar="PART", help="also read this part of the data: `1/12`, `5%%`")
    text = "end this host's work with a last backup, for the host that replaces it"
    as_json(command(backups, "hand-over", hand_over, text))
    command(backups, "resume", resume, "take back the work of a host that has handed over")
    command(backups, "handed-over", must_be_handed_over, "for a deployment: fail on a host that has not handed over")
    restores = command(commands, "restore", None, "restore from a backup").add_subparsers(
        metavar="COMMAND", required=True
    )

    def at(made: Any) -> Any:
        made.add_argument("--at", default="", metavar="TIME", help="the last backup before then (UTC); default: newest")
        return made

    made = at(
        as_json(command(restores, "list", restore_list, "list a user's folders in a backup, with message counts"))
    )
    made.add_argument("address")
    text = "restore a user's mail, or one folder of it, into a new folder `Restored-TIME`"
    made = at(command(restores, "user", restore_user, text))
    made.add_argument("address")
    made.add_argument("--folder", default="", help="only this one, as `restore list` names it")
    text = "restore one message into a new folder `Restored-TIME`"
    made = at(command(restores, "message", restore_message, text))
    made.add_argument("address")
    made.add_argument("--message-id", required=True, metavar="ID", help="the message's Message-ID")
    text = "put back the mailboxes that this host has lost; one with mail in it is left alone"
    made = at(command(restores, "mail", restore_mailboxes, text))
    made.add_argument("--yes", action="store_true", help="confirm")
    text = "restore the newest backup to a scratch folder, compare it, and remove it again"
    as_json(command(restores, "test", restore_test, text))
    text = "for a deployment: restore a new host from the backups of its predecessor, once"
    made = command(restores, "host", restore_host, text)
    made.add_argument("part", choices=("state", "mail", "queue"))
    text = "restore what a service keeps, such as its keys; existing files are kept next to it"
    made = at(command(restores, "state", restore_state, text))
    made.add_argument("service")
    made.add_argument("--yes", action="store_true", help="confirm")


def run(options: Namespace) -> int:
    """stdout: what was backed up."""
    from .run import run as back_up

    result = back_up()
    if options.json:
        say_result(result)
        return 0
    for part in ("state", "mail"):
        made = result[part]
        if made:
            size = f"{made['bytes'] / 1e6:.1f} MB, {made['added'] / 1e6:.1f} MB new"
            open_ = f"; {made['moved']} messages moved meanwhile" if made.get("moved") else ""
            say_result(f"{part:6}{made['snapshot'][:8]}  {made['files']} files, {size}{open_}")
    say_result(f"done in {result['seconds']:.0f} s")
    return 0


def list_(options: Namespace) -> int:
    """stdout: one line each, the newest last."""
    from . import repository, settings, snapshots
    from .restic import Restic

    restic = Restic(settings.load())
    repository.opened(restic, make=False)
    listing = snapshots.look(restic)
    if options.json:
        say_result(
            [{"id": each.id, "time": each.shown, "part": each.part, "host": each.hostname} for each in listing.own]
        )
        return 0
    for each in listing.own:
        say_result(f"{each.shown}  {each.part:6}{each.id[:8]}  {each.hostname}")
    if listing.strangers():
        say_result(f"not restorable by this stack: {listing.strangers()}")
    return 0


def check(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from . import record, repository, settings
    from .own_lock import OwnLock
    from .restic import LONG, Restic, nice

    restic = Restic(settings.load())
    nice()
    # It locks the repository: a backup would fail meanwhile.
    with OwnLock():
        repository.opened(restic, make=False)
        part = [f"--read-data-subset={options.read}"] if options.read else []
        restic.run("check", "--quiet", *part, doing="the repository's check failed", timeout=LONG)
        record.note(checked=time.time())
    return 0


def hand_over(options: Namespace) -> int:
    """stdout: the last backup, and how much mail waits in the queue."""
    from .hand_over import hand_over as end

    mark = end()
    if options.json:
        say_result(mark)
        return 0
    made = {part: (mark["done"][part] or {"snapshot": "none"})["snapshot"][:8] for part in ("state", "mail")}
    say_result(f"handed over: state {made['state']}, mail {made['mail']}, {mark['messages']} messages in the queue")
    return 0


def resume(_options: Namespace) -> int:
    """stdout: whether there was anything to take back."""
    from .hand_over import resume as take_back

    say_result("at work again" if take_back() else "nothing was handed over")
    return 0


def must_be_handed_over(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .hand_over import must_be_handed_over as check_

    check_()
    return 0


def restore_list(options: Namespace) -> int:
    """stdout: folders with their numbers of messages."""
    from .restore_mail import folders

    found = folders(options.address, options.at)
    if options.json:
        say_result(found)
        return 0
    say_result(f"as of {found['time']}")
    for name, count in found["folders"].items():
        say_result(f"{count:8}  {name}")
    return 0


def restore_user(options: Namespace) -> int:
    """stdout: the folder that the mail is in now."""
    from .restore_mail import user

    say_result(user(options.address, options.folder, options.at))
    return 0


def restore_message(options: Namespace) -> int:
    """stdout: the folder that the message is in now."""
    from .restore_mail import message

    say_result(message(options.address, options.message_id, options.at))
    return 0


def restore_state(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .restore_state import restore

    restore(options.service, options.at, options.yes)
    return 0


def restore_mailboxes(options: Namespace) -> int:
    """stdout: the users whose mailbox was put back, one a line."""
    from .restore_mailboxes import restore

    for address in restore(options.at, options.yes):
        say_result(address)
    return 0


def restore_test(options: Namespace) -> int:
    """stdout: what was compared."""
    from .trial import test

    result = test()
    if options.json:
        say_result(result)
        return 0
    looked = f"{len(result['rows'])} databases, {result['keys']} DKIM keys, {result['certificates']} certificates"
    say_result(f"state {result['state']}  {looked}")
    size = f"{result['files']} files, {result['bytes'] / 1e6:.1f} MB"
    boxes = f"{result['mailboxes']} of {result['of']} mailboxes"
    say_result(f"mail  {result['mail']}  {boxes}, {size}; {result['compared']} messages are the same on the host")
    return 0


def restore_host(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .restore_host import restore

    restore(options.part)
    return 0
