"""What must change on disk for a bundle. Reads only."""

import os
import stat
from dataclasses import dataclass, field
from typing import Any

from .errors import MailstackError
from .identities import numbers
from .manifest import content_digest
from .paths import BACKUPS, on_host


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


@dataclass
class Plan:
    """Everything that will be done to files and directories, and the backups that the manifest will name."""

    changes: list[Change] = field(default_factory=list)
    directories: list[dict[str, Any]] = field(default_factory=list)
    backups: dict[str, Any] = field(default_factory=dict)
    dropped_backups: list[str] = field(default_factory=list)

    def changed_paths(self) -> set[str]:
        """Paths whose files will be others."""
        return {change.path for change in self.changes}


def make(
    service: str,
    files: dict[str, Any],
    directories: dict[str, Any],
    contents: dict[str, bytes],
    old: dict[str, Any] | None,
) -> Plan:
    """Compares the wanted files with the host's. `old` is the service's manifest."""
    owned = old["files"] if old else {}
    plan = Plan(backups=dict(old["backups"]) if old else {})
    for path, file in sorted(files.items()):
        uid, gid = numbers(file["owner"], path)
        change = Change(path, os.path.lexists(on_host(path)), contents[path], None, uid, gid, int(file["mode"], 8))
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
    state = os.lstat(real)
    if stat.S_ISDIR(state.st_mode):
        raise MailstackError(f"{change.path}: is a directory on this host; nothing was changed")
    if not stat.S_ISREG(state.st_mode):
        return False
    if (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) != (change.uid, change.gid, change.mode):
        return False
    if state.st_size != len(change.content or b""):
        return False
    with open(real, "rb") as file:
        return file.read() == change.content


def _describe(path: str, copy: str) -> dict[str, Any]:
    state = os.lstat(on_host(path))
    if stat.S_ISLNK(state.st_mode):
        return {"link": os.readlink(on_host(path))}
    if not stat.S_ISREG(state.st_mode):
        raise MailstackError(f"{path}: is neither a file nor a link on this host; nothing was changed")
    return {"copy": copy, "uid": state.st_uid, "gid": state.st_gid, "mode": stat.S_IMODE(state.st_mode)}


def _give_up(service: str, path: str, plan: Plan) -> None:
    """A file that the bundle names no longer: what was there before comes back, else it is removed."""
    existed = os.path.lexists(on_host(path))
    backup = plan.backups.pop(path, None)
    change = Change(path, existed)
    if backup and "link" in backup:
        change.link = backup["link"]
    elif backup:
        with open(on_host(f"{BACKUPS}/{service}/{backup['copy']}"), "rb") as file:
            change.content = file.read()
        change.uid, change.gid, change.mode = backup["uid"], backup["gid"], backup["mode"]
        plan.dropped_backups.append(backup["copy"])
    elif not existed:
        return
    plan.changes.append(change)


def _plan_directories(files: dict[str, Any], directories: dict[str, Any], plan: Plan) -> None:
    """Declared directories, and missing parents (root, 0755) of files and directories; parents come first."""
    wanted = {path: (*numbers(entry["owner"], path), int(entry["mode"], 8)) for path, entry in directories.items()}
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
        try:
            state = os.stat(on_host(path))
        except FileNotFoundError:
            plan.directories.append({"path": path, "made": True, "want": [uid, gid, mode]})
            continue
        if not stat.S_ISDIR(state.st_mode):
            raise MailstackError(f"{path}: is not a directory on this host; nothing was changed")
        before = [state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)]
        if path in wanted and before != [uid, gid, mode]:
            plan.directories.append({"path": path, "made": False, "want": [uid, gid, mode], "before": before})
