"""What must change on disk for a bundle. Reads only."""

import os
import stat
from dataclasses import dataclass, field
from typing import Any

from ..errors import MailstackError
from ..paths import BACKUPS, on_host
from ..safe_path import directory_state, link_target, open_file, read, state
from .bundle import File, Ownership
from .identities import numbers
from .manifest import Manifest, Original, content_digest


@dataclass
class Change:
    """One path that gets a new file (`content`), a link (`link`, from a backup), or is removed (neither)."""

    path: str
    existed: bool
    content: bytes | None = None
    link: str | None = None
    uid: int = 0
    gid: int = 0
    mode: int = 0
    # Name of the copy that must be kept for ever, because the file here now is not ours.
    backup: str | None = None
    # A program that is removed. Until systemd has read the new units, the old ones start it.
    last: bool = False


@dataclass
class Plan:
    """Everything that will be done to files and directories, and the backups that the manifest will name."""

    changes: list[Change] = field(default_factory=list)
    directories: list[dict[str, Any]] = field(default_factory=list)
    backups: dict[str, Original] = field(default_factory=dict)
    dropped_backups: list[str] = field(default_factory=list)

    def changed_paths(self) -> set[str]:
        """Paths whose files will be others."""
        return {change.path for change in self.changes}


def make(
    service: str,
    files: dict[str, File],
    directories: dict[str, Ownership],
    contents: dict[str, bytes],
    old: Manifest | None,
) -> Plan:
    """Compares the wanted files with the host's. `old` is the service's manifest."""
    owned = old.files if old else {}
    plan = Plan(backups=dict(old.backups) if old else {})
    for path, file in sorted(files.items()):
        uid, gid = numbers(file.owner, path)
        change = Change(path, state(on_host(path)) is not None, contents[path], None, uid, gid, int(file.mode, 8))
        if change.existed and is_same(change):
            continue
        if change.existed and path not in owned:
            change.backup = content_digest(path.encode())[:24]
            plan.backups[path] = _describe(path, change.backup)
        plan.changes.append(change)
    for path in sorted(owned.keys() - files.keys()):
        _give_up(service, path, plan)
    _plan_directories(files, directories, plan)
    return plan


def is_same(change: Change) -> bool:
    """Whether the host's file is already as wanted. Raises where a directory stands in the way."""
    real = on_host(change.path)
    found = state(real)
    if found and stat.S_ISDIR(found.st_mode):
        raise MailstackError(f"{change.path}: is a directory on this host; nothing was changed")
    if not found or not stat.S_ISREG(found.st_mode):
        return False
    with open(open_file(real), "rb") as file:
        found = os.fstat(file.fileno())
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) != (change.uid, change.gid, change.mode):
            return False
        return found.st_size == len(change.content or b"") and file.read(found.st_size + 1) == change.content


def _describe(path: str, copy: str) -> Original:
    found = state(on_host(path))
    if found and stat.S_ISLNK(found.st_mode):
        return Original(link=link_target(on_host(path)))
    if not found or not stat.S_ISREG(found.st_mode):
        raise MailstackError(f"{path}: is neither a file nor a link on this host; nothing was changed")
    return Original(None, copy, found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))


def _give_up(service: str, path: str, plan: Plan) -> None:
    """A file that the bundle names no longer: what was there before comes back, else it is removed."""
    found = state(on_host(path))
    existed = found is not None
    backup = plan.backups.pop(path, None)
    change = Change(path, existed)
    if backup and backup.link is not None:
        change.link = backup.link
    elif backup and backup.copy is not None:
        change.content, _ = read(on_host(f"{BACKUPS}/{service}/{backup.copy}"))
        change.uid, change.gid, change.mode = backup.uid, backup.gid, backup.mode
        plan.dropped_backups.append(backup.copy)
    elif found is None:
        return
    else:
        change.last = stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)
    plan.changes.append(change)


def _plan_directories(files: dict[str, File], directories: dict[str, Ownership], plan: Plan) -> None:
    """Declared directories, and missing parents (root, 0755) of files and directories; parents come first."""
    wanted = {path: (*numbers(entry.owner, path), int(entry.mode, 8)) for path, entry in directories.items()}
    # A restored original may need a parent too.
    named = {*files, *(change.path for change in plan.changes if change.content is not None or change.link), *wanted}
    parents: set[str] = set()
    for path in named:
        parent = os.path.dirname(path)
        while parent not in parents and parent != "/":
            parents.add(parent)
            parent = os.path.dirname(parent)
    for path in sorted(parents | wanted.keys()):
        uid, gid, mode = wanted.get(path, (0, 0, 0o755))
        found = directory_state(on_host(path), declared=path in wanted)
        if found is None:
            plan.directories.append({"path": path, "made": True, "want": [uid, gid, mode]})
            continue
        before = [found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)]
        if path in wanted and before != [uid, gid, mode]:
            plan.directories.append({"path": path, "made": False, "want": [uid, gid, mode], "before": before})
