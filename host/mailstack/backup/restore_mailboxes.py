"""`mailstack restore mail`: puts back each mailbox that this host has lost, with its folders, flags and filters.

Other than `restore user`, it needs no mailbox to restore into, and restores to the mailbox's own place. A mailbox with
any message in it is left alone.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..accounts.database import opened
from ..accounts.maildirs import folders_in, is_file
from ..accounts.user_commands import database
from ..apply import manifest
from ..apply.identities import numbers
from ..apply.lock import Lock
from ..errors import MailstackError
from ..paths import MAIL, on_host
from ..programs import must
from ..progress import say
from ..safe_path import make_directory, names_in, remove_tree, set_ownership, state
from . import items, repository, settings, snapshots
from .mail_back import bring_mail
from .own_lock import OwnLock
from .restic import Restic, nice
from .snapshots import time_of

_WAIT = 900.0
_MESSAGES = ("cur", "new")
_DAEMON = "dovecot.service"


def restore(at: str, really: bool) -> list[str]:
    """Users whose mailbox was put back."""
    with Lock("restore mail", _WAIT), OwnLock(_WAIT):
        nice()
        restic = Restic(settings.load())
        repository.opened(restic, make=False)
        snapshot = snapshots.look(restic).must("mail", time_of(at) if at else None)
        users = _users()
        lost = [address for address in users if _is_lost(address)]
        if not really:
            names = ", ".join(lost) or "nothing"
            raise MailstackError(f"this restores {names} as of {snapshot.shown}; confirm with --yes", exit_code=2)
        if not lost:
            say("every user has mail here: nothing to restore")
            return []
        _make_folder()
        with _stopped() as stop:
            # Purged users stay purged.
            wanted = items.declared("mail")
            done = bring_mail(restic, snapshot, wanted, stop, lambda each, found: each in lost and _fits(each, found))
        say(f"as of {snapshot.shown}")
        for address in sorted(set(lost) - set(done)):
            say(f"{address}: no mail in this backup")
        return done


def _users() -> list[str]:
    with opened(database()) as connection:
        return [str(row[0]) for row in connection.execute("SELECT email FROM users ORDER BY email")]


def _home(address: str) -> str:
    user, _, domain = address.rpartition("@")
    return on_host(f"{MAIL}/{domain}/{user}")


def _is_lost(address: str) -> bool:
    """Not there, or without any message or filter in it."""
    home = _home(address)
    if state(home) is None:
        return True
    others = [name for name in names_in(home) if name != "Maildir" and not name.startswith(".dovecot")]
    filters = any(f"{home}/{name}" not in folders_in(home) or names_in(f"{home}/{name}") for name in others)
    return not filters and not any(_messages(f"{home}/Maildir"))


def _fits(address: str, found: str) -> bool:
    """Makes room for a mailbox of the backup. A daemon makes an empty one as soon as its user logs in."""
    home = _home(address)
    if state(home) is None:
        return True
    if not _is_lost(address) or not any(_messages(f"{found}/Maildir")):
        return False
    remove_tree(home)
    return True


def _messages(maildir: str) -> Iterator[str]:
    for folder in [maildir, *folders_in(maildir)]:
        for part in _MESSAGES:
            names = names_in(f"{folder}/{part}") if f"{folder}/{part}" in folders_in(folder) else []
            yield from (name for name in names if is_file(f"{folder}/{part}/{name}"))


def _make_folder() -> None:
    """As it was deployed."""
    folder = on_host(MAIL)
    applied = manifest.load_all()
    if any(each.service == "volume" for each in applied) and not os.path.ismount(folder):
        raise MailstackError(f"{MAIL} is not mounted: attach the volume first")
    if state(folder) is None:
        declared = next((each.directories[MAIL] for each in applied if MAIL in each.directories), None)
        if declared is None:
            raise MailstackError(f"{MAIL} was never deployed here")
        make_directory(folder)
        set_ownership(folder, *numbers(declared.owner, MAIL), int(declared.mode, 8))


@contextmanager
def _stopped() -> Iterator[Callable[[], None]]:
    """Gives a function that stops Dovecot; it starts again at the end. Meanwhile mail waits in the queue."""
    stopped = []

    def stop() -> None:
        stopped.append(True)
        must(["systemctl", "stop", _DAEMON], f"{_DAEMON} could not be stopped")

    try:
        yield stop
    finally:
        if stopped:
            must(["systemctl", "start", _DAEMON], f"{_DAEMON} could not be started")
