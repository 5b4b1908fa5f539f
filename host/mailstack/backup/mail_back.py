"""Restores mailboxes to their own places: of a lost host on a new one, or those that a host has lost.

They are restored into a folder that belongs to root, on the same file system, and renamed into place one by one.
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


def bring_mail(
    restic: Restic,
    snapshot: Snapshot,
    wanted: list[Item],
    moving: Callable[[], None],
    fits: Callable[[str, str], bool] = lambda _address, _found: True,
) -> list[str]:
    """Users whose mailbox was put back. One that is there stays.

    `moving` is called once everything is staged, before the first mailbox is moved; `fits` then says whether an address
    is to be restored from that folder.
    """
    return [address for item in wanted for address in _bring(restic, snapshot, item, moving, fits)]


def _bring(
    restic: Restic, snapshot: Snapshot, item: Item, moving: Callable[[], None], fits: Callable[[str, str], bool]
) -> list[str]:
    home = on_host(item.path)
    if state(home) is None:
        raise MailstackError(f"{item.path} does not exist yet")
    where = f"{home}/{_STAGE}"
    remove_tree(where)
    make_directory(where)
    done = []
    try:
        bring(restic, snapshot, [item.path], where)
        found = staged(where, item.path)
        if found is None:
            raise MailstackError(f"the backup of {snapshot.shown} has no {item.path}: it is incomplete")
        _raise_numbers(found)
        own_tree(found, *numbers(item.owner, item.path))
        os.sync()
        moving()
        for domain in names_in(found):
            done += _domain(f"{found}/{domain}", f"{home}/{domain}", fits)
        sync_directory(home)
    finally:
        remove_tree(where)
    return done


def _domain(found: str, place: str, fits: Callable[[str, str], bool]) -> list[str]:
    """By one rename each, so that one that is there is whole: it is of an earlier attempt, or newer."""
    users = {each: f"{os.path.basename(each)}@{os.path.basename(found)}" for each in folders_in(found)}
    for each, address in users.items():
        if not fits(address, each):
            remove_tree(each)
    left = {each: address for each, address in users.items() if state(each) is not None}
    if state(place) is None:
        if left or not users:
            rename(found, place)
        return list(left.values())
    done = []
    for each, address in left.items():
        if state(f"{place}/{os.path.basename(each)}") is None:
            rename(each, f"{place}/{os.path.basename(each)}")
            done.append(address)
    sync_directory(place)
    return done


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
