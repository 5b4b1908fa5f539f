"""Restores files from a snapshot into a folder of root's, where nobody else can replace them with a link."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from ..paths import STATE, on_host
from ..safe_path import make_directories, make_directory, names_in, remove_tree, set_ownership, state
from .restic import LONG, Restic
from .snapshots import Snapshot

_FOLDER = STATE + "/restore"


@contextmanager
def stage() -> Iterator[str]:
    """The real path of an empty folder, which is removed afterwards. Its caller holds the lock of backups."""
    folder = on_host(_FOLDER)
    make_directories(folder)
    # Programs of other users can reach a path in it that they are given, but not list it.
    set_ownership(folder, 0, 0, 0o711)
    # Of a restore that was killed.
    for name in names_in(folder):
        remove_tree(f"{folder}/{name}")
    path = f"{folder}/{secrets.token_hex(8)}"
    make_directory(path)
    try:
        yield path
    finally:
        remove_tree(path)


def bring(restic: Restic, snapshot: Snapshot, paths: list[str], stage_: str) -> None:
    """Restores these paths of the host recursively, each to its own path below the stage."""
    restic.run(
        *("restore", snapshot.id, "--no-lock", "--quiet", "--target", stage_),
        *(f"--include={_literally(on_host(path))}" for path in paths),
        doing=f"the backup of {snapshot.shown} could not be restored",
        timeout=LONG,
    )


def staged(stage_: str, path: str) -> str | None:
    """A host path's place in the stage; None if the backup does not have it."""
    found = f"{stage_}{on_host(path)}"
    return found if state(found) is not None else None


def _literally(path: str) -> str:
    """As a pattern that fits this path only."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)
