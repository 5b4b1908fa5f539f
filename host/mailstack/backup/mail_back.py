"""Restores the mail of a lost host on a new one, as a whole or not at all.

It is restored into a folder that belongs to root, on the same file system, and renamed into place domain by domain.
"""

import os
import re
import stat
from collections.abc import Callable

from ..accounts.maildirs import folders_in, homes
from ..apply.identities import numbers
from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import (
    make_directory,
    names_in,
    own_tree,
    read,
    remove,
    remove_tree,
    rename,
    state,
    sync_directory,
    write_new,
)
from .items import Item
from .restic import Restic
from .snapshots import Snapshot
from .staging import bring, staged

_STAGE = ".mailstack-restore"
_UIDS = "dovecot-uidlist"
_NEXT = re.compile(rb"\A(3 [^\n]*\bN)(\d+)")
# More than a host can have assigned since its last backup. Mail programs know messages by these numbers.
_GAP = 1_000_000
_HIGHEST = 4_000_000_000


def has_mail() -> bool:
    """Whether any user's folder is there."""
    return bool(homes())


def bring_mail(restic: Restic, snapshot: Snapshot, wanted: list[Item], moving: Callable[[], None]) -> None:
    """`moving` is called once everything is staged, before the first folder is moved into place."""
    for item in wanted:
        _bring(restic, snapshot, item, moving)


def _bring(restic: Restic, snapshot: Snapshot, item: Item, moving: Callable[[], None]) -> None:
    home = on_host(item.path)
    if state(home) is None:
        raise MailstackError(f"{item.path} does not exist yet")
    where = f"{home}/{_STAGE}"
    remove_tree(where)
    make_directory(where)
    try:
        bring(restic, snapshot, [item.path], where)
        found = staged(where, item.path)
        if found is None:
            raise MailstackError(f"the backup of {snapshot.shown} has no {item.path}: it is incomplete")
        _raise_numbers(found)
        own_tree(found, *numbers(item.owner, item.path))
        os.sync()
        moving()
        for name in names_in(found):
            # One that is there came from the same backup in an earlier attempt, by one rename.
            if state(f"{home}/{name}") is None:
                rename(f"{found}/{name}", f"{home}/{name}")
        sync_directory(home)
    finally:
        remove_tree(where)


def _raise_numbers(mail: str) -> None:
    """No number is assigned twice: mail programs would show the message that they cached under it."""
    for domain in folders_in(mail):
        for user in folders_in(domain):
            maildir = f"{user}/Maildir"
            for folder in [maildir, *folders_in(maildir)]:
                _raise(f"{folder}/{_UIDS}")


def _raise(path: str) -> None:
    found = state(path)
    if found is None:
        return
    # A link would be as its owner left it.
    content = read(path)[0] if stat.S_ISREG(found.st_mode) else b""
    head = _NEXT.match(content)
    if head is None or int(head[2]) > _HIGHEST:
        # Dovecot writes a new list with another UIDVALIDITY: mail programs read the folder again.
        remove(path)
        return
    remove(path)
    raised = head[1] + str(int(head[2]) + _GAP).encode() + content[head.end() :]
    write_new(path, raised, found.st_mode & 0o777)
