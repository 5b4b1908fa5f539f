"""Files that survive a power loss: written whole, synced, then renamed."""

import json
import os
from typing import Any

from .safe_path import directory_state, make_directories, make_directory, remove, rename, sync_directory, write_new


def replace(path: str, content: bytes, mode: int = 0o600) -> None:
    """Writes a root-owned file in one step: readers see the old one or the new one."""
    staged = path + ".new"
    remove(staged)
    try:
        write_new(staged, content, mode)
        rename(staged, path)
    except BaseException:
        remove(staged)
        raise
    sync_directory(os.path.dirname(path))


def as_json(value: Any) -> bytes:
    """The same bytes for the same value."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def private_directory(path: str) -> None:
    """A directory only root can look into, with its parents (0755)."""
    if directory_state(path, declared=False) is None:
        make_directories(os.path.dirname(path))
        make_directory(path)
