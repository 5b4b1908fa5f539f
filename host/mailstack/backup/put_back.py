"""Moves staged state into place, with owners by name: numeric IDs differ between hosts."""

import os
import stat
import sys
from pathlib import Path

from ..accounts.database import refuse_foreign_journals
from ..apply.identities import numbers
from ..errors import MailstackError
from ..paths import on_host
from ..programs import must
from ..safe_path import (
    Refused,
    copy_new,
    directory_state,
    make_directories,
    open_file,
    own_tree,
    remove,
    remove_tree,
    rename,
    set_ownership,
    state,
    sync_directory,
)
from .copies import copy_of
from .items import Item
from .staging import staged

_SECONDS = 600.0


def staged_path(item: Item) -> str:
    """Its path in the snapshot, where databases are copies."""
    return item.path if item.kind == "files" else copy_of(item)


def put_back(item: Item, where: str, suffix: str | None) -> bool:
    """Keeps an existing one next to it with `suffix`, or removes it without. Returns whether the backup had it."""
    found = staged(where, staged_path(item))
    if found is None:
        return False
    target = on_host(item.path)
    make_directories(os.path.dirname(target))
    if item.kind == "files":
        _files(item, found, target, suffix)
    elif item.kind == "sqlite" and suffix is not None and state(target) is not None:
        _into_database(item, found, target)
    else:
        _file(item, found, target, suffix)
    return True


def _files(item: Item, found: str, target: str, suffix: str | None) -> None:
    owner = numbers(item.owner, item.path)
    seen = state(found)
    if seen is None or not stat.S_ISDIR(seen.st_mode):
        raise MailstackError(f"{item.path}: the backup has no folder of this name")
    own_tree(found, *owner)
    _make_room(target, suffix)
    rename(found, target)
    sync_directory(os.path.dirname(target))


def _make_room(target: str, suffix: str | None) -> None:
    seen = state(target)
    if seen is None:
        return
    if suffix is not None:
        rename(target, target + suffix)
    elif stat.S_ISDIR(seen.st_mode):
        remove_tree(target)
    else:
        remove(target)


def _file(item: Item, found: str, target: str, suffix: str | None) -> None:
    _make_room(target, suffix)
    copy_new(found, target, item.mode, *numbers(item.owner, item.path))
    sync_directory(os.path.dirname(target))


def _into_database(item: Item, found: str, target: str) -> None:
    """Daemons have the file open, so its contents are replaced. Runs as the folder's owner, as when copying."""
    owner = directory_state(os.path.dirname(target))
    if owner is None:
        raise MailstackError(f"{item.path}: its folder is gone")
    program = Path(__file__).resolve().parent / "sqlite_copy.py"
    argv = [sys.executable, "-I", "-S", str(program), found, target]
    if owner.st_uid == 0:
        _refuse_others(target)
    else:
        # The stage belongs to root; its folders can be passed through, but not listed.
        own_tree(os.path.dirname(found), owner.st_uid, owner.st_gid)
        path = os.path.dirname(found)
        while "/restore/" in os.path.dirname(path) + "/":
            path = os.path.dirname(path)
            set_ownership(path, 0, 0, 0o711)
        argv = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *argv]
    must(argv, f"{item.path} cannot be restored", _SECONDS)


def _refuse_others(target: str) -> None:
    """SQLite opens by name, and others may make files in this folder."""
    refuse_foreign_journals(target)
    descriptor = open_file(target)
    try:
        if os.fstat(descriptor).st_uid != 0:
            raise Refused(f"{target} was not made by root: look at it, remove it, and try again")
    finally:
        os.close(descriptor)
