"""Files that survive a power loss: written whole, synced, then renamed."""

import json
import os
from typing import Any


def sync_directory(path: str) -> None:
    """Makes renames and removals in a directory last. A directory that is gone needs none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: str, content: bytes, mode: int, uid: int = 0, gid: int = 0) -> None:
    """Makes a file that must not exist, never readable by others on the way, and syncs its content."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(descriptor)


def replace(path: str, content: bytes, mode: int = 0o600) -> None:
    """Writes a root-owned file in one step: readers see the old one or the new one."""
    staged = path + ".new"
    remove(staged)
    try:
        write_new(staged, content, mode)
        os.rename(staged, path)
    except BaseException:
        remove(staged)
        raise
    sync_directory(os.path.dirname(path))


def remove(path: str) -> bool:
    """Removes a file or link; tells whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def as_json(value: Any) -> bytes:
    """The same bytes for the same value."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def private_directory(path: str) -> None:
    """A directory only root can look into, with its parents (0755)."""
    if os.path.isdir(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mkdir(path, 0o700)
