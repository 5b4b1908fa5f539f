"""Postfix's queue. Only the last backup of a host that has handed over holds it: restored from any other, mail would be
sent a second time.
"""

import stat

from ..apply import manifest
from ..errors import MailstackError
from ..paths import STATE, on_host
from ..programs import must
from ..progress import say
from ..safe_path import directory_state, names_in, own_tree, remove_tree, rename, state, sync_directory
from .restic import Restic
from .snapshots import Snapshot
from .staging import bring, stage, staged

_SPOOL = "/var/spool/postfix"
# Those with messages, and what Postfix has noted about them.
_MESSAGES = ("maildrop", "incoming", "active", "deferred", "hold")
_NOTES = ("defer", "bounce", "trace")
_BUSY = ("maildrop", "incoming", "active")
# From the restore of the state until Postfix is there.
_KEPT = STATE + "/queue"


def paths() -> list[str]:
    """For the snapshot."""
    folders = [f"{_SPOOL}/{name}" for name in (*_MESSAGES, *_NOTES)]
    return [path for path in folders if state(on_host(path)) is not None]


def messages() -> int:
    """How many there are."""
    return sum(len(_files(on_host(f"{_SPOOL}/{name}"))) for name in _MESSAGES)


def busy() -> int:
    """How many Postfix is working on at this moment."""
    return sum(len(_files(on_host(f"{_SPOOL}/{name}"))) for name in _BUSY)


def keep(restic: Restic, snapshot: Snapshot) -> None:
    """Puts the queue of a snapshot aside, if there is one in it, until `put_back`."""
    with stage() as where:
        bring(restic, snapshot, [_SPOOL], where)
        found = staged(where, _SPOOL)
        if found is None:
            return
        kept = on_host(_KEPT)
        remove_tree(kept)
        rename(found, kept)
        sync_directory(on_host(STATE))
    say(f"{sum(len(_files(f'{kept}/{name}')) for name in _MESSAGES)} messages of the former host's queue are kept")


def put_back() -> None:
    """Moves what was kept into the queue, each file once. Called by `apply`, which holds the lock."""
    kept = on_host(_KEPT)
    if state(kept) is None:
        return
    applied = manifest.load("postfix")
    units = [name for name, running in applied.units.items() if running] if applied else []
    for unit in units:
        must(["systemctl", "stop", unit], f"{unit} could not be stopped")
    try:
        for name in (*_NOTES, *_MESSAGES):
            if state(f"{kept}/{name}") is not None:
                _move(f"{kept}/{name}", on_host(f"{_SPOOL}/{name}"))
        # Names follow the files' numbers in the file system, and folders the names.
        must(["postsuper", "-s"], "the queue could not be put in order", 600)
    finally:
        for unit in units:
            must(["systemctl", "start", unit], f"{unit} could not be started")
    remove_tree(kept)


def _move(source: str, target: str) -> None:
    there = directory_state(target)
    if there is None:
        raise MailstackError(f"{target.removeprefix(on_host(''))} does not exist: Postfix is not set up")
    # Numbers differ between hosts.
    own_tree(source, there.st_uid, there.st_gid)
    for path in _files(source):
        place = f"{target}/{path.rpartition('/')[2]}"
        if state(place) is not None:
            shown = place.removeprefix(on_host(""))
            raise MailstackError(f"{shown} is there already; move it away and run `pulumi up` again")
        rename(path, place)
    sync_directory(target)


def _files(folder: str) -> list[str]:
    """Also those in folders below, as large queues have them."""
    found = []
    for path in (f"{folder}/{name}" for name in names_in(folder)):
        seen = state(path)
        if seen is not None:
            found += _files(path) if stat.S_ISDIR(seen.st_mode) else [path]
    return found
