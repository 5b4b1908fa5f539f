"""Consistent copies of what changes while it is read: databases and Redis's data.

They are written below /var/lib/mailstack/backup, which belongs to root, each at its own path, and the snapshot of the
state takes them from there.
"""

import os
import sys
from pathlib import Path

from .. import atomic_file
from ..accounts.database import refuse_foreign_journals
from ..errors import MailstackError
from ..paths import on_host
from ..programs import must, run
from ..safe_path import (
    copy_new,
    directory_state,
    make_directories,
    make_directory,
    remove_tree,
    set_ownership,
    write_new,
)
from . import record
from .databases import rows
from .items import Item
from .snapshots import FORMAT, time_text

COPIES = record.FOLDER + "/state"
_WORK = record.FOLDER + "/work"
# The snapshot's table of contents.
CONTENTS = COPIES + "/contents.json"
_SECONDS = 600.0


def copy_of(item: Item) -> str:
    """Path of a database's copy, on the host and in snapshots."""
    return COPIES + item.path


def make(items: list[Item], when: float, hostname: str) -> list[str]:
    """Writes all of them. Returns the paths for the snapshot of the state."""
    clear()
    atomic_file.private_directory(on_host(record.FOLDER))
    make_directory(on_host(COPIES))
    # Redis itself is asked: it writes a file after an hour, or when it ends.
    here = [item for item in items if item.kind == "redis" or item.exists()]
    for item in here:
        if item.kind == "sqlite":
            _sqlite(item)
        elif item.kind == "redis":
            _redis(item)
    contents = {
        "format": FORMAT,
        "hostname": hostname,
        "time": time_text(when),
        "items": [each.__dict__ for each in here],
        "rows": {item.path: rows(on_host(copy_of(item))) for item in here if item.kind == "sqlite"},
    }
    write_new(on_host(CONTENTS), atomic_file.as_json(contents), 0o600)
    return [COPIES, *(item.path for item in here if item.kind == "files")]


def clear() -> None:
    """Removes them: the copies are as secret as their originals."""
    for folder in (COPIES, _WORK):
        remove_tree(on_host(folder))


def _folder_for(item: Item) -> str:
    target = on_host(copy_of(item))
    make_directories(os.path.dirname(target))
    return target


def _sqlite(item: Item) -> None:
    """SQLite opens files by name, so it runs as the folder's owner: root never follows what the owner puts there."""
    source, target = on_host(item.path), _folder_for(item)
    owner = directory_state(os.path.dirname(source))
    if owner is None:
        raise MailstackError(f"{item.path}: its folder is gone")
    if owner.st_uid == 0:
        refuse_foreign_journals(source)
        _copy_database(item, source, target, 0, 0)
        return
    # The owner cannot enter root's folder, so the copy is first written into one of their own.
    work = on_host(_WORK)
    make_directory(work)
    try:
        set_ownership(on_host(record.FOLDER), 0, 0, 0o711)
        set_ownership(work, owner.st_uid, owner.st_gid, 0o700)
        _copy_database(item, source, f"{work}/copy.db", owner.st_uid, owner.st_gid)
        copy_new(f"{work}/copy.db", target, 0o600)
    finally:
        set_ownership(on_host(record.FOLDER), 0, 0, 0o700)
        remove_tree(work)


def _copy_database(item: Item, source: str, target: str, uid: int, gid: int) -> None:
    program = Path(__file__).resolve().parent / "sqlite_copy.py"
    argv = [sys.executable, "-I", "-S", str(program), source, target]
    if uid:
        argv = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *argv]
    must(argv, f"{item.path} cannot be copied", _SECONDS)


def _redis(item: Item) -> None:
    target = _folder_for(item)
    result = run(["redis-cli", "-s", on_host(item.socket), "--rdb", target], _SECONDS)
    # redis-cli ends with 0 for some failures.
    if result.code != 0 or not os.path.exists(target) or os.path.getsize(target) == 0:
        raise MailstackError(f"{item.path}: Redis gave no copy of what it holds", result.words(5))
