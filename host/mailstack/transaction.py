"""Makes a plan true in steps that can each be undone: stage, keep, swap, commit."""

import contextlib
import os
import time
from typing import Any

from . import journal, manifest, units
from .durable import as_json, private_directory, remove, sync_directory, write_new
from .errors import MailstackError
from .paths import BACKUPS, MANIFESTS, on_host
from .plan import Plan
from .steps import reached


def _folders(paths: list[str]) -> list[str]:
    return sorted({os.path.dirname(on_host(path)) for path in paths})


def begin(service: str, plan: Plan, work: units.Work, old: dict[str, Any] | None, removing: bool) -> None:
    """Writes the journal. `work`: what will be done to units; `old`: the manifest until now."""
    journal.write(
        {
            "service": service,
            "files": [{"path": change.path, "existed": change.existed} for change in plan.changes],
            "directories": plan.directories,
            "backups": [change.backup for change in plan.changes if change.backup],
            "droppedBackups": plan.dropped_backups,
            "remove": removing,
            "units": work.units,
            "daemonReload": work.daemon_reload,
            "prepare": old["prepare"] if old and plan.changes else [],
        }
    )
    reached("journal")


# Postfix's programs wait up to two seconds for a main.cf that has just changed: somebody might still be writing it.
# These files are whole when they appear.
SETTLED_SECONDS = 10


def stage(service: str, plan: Plan, new: dict[str, Any] | None) -> None:
    """Writes everything that needs disk space: directories, new files, copies of foreign files, the manifest."""
    for entry in plan.directories:
        real = on_host(entry["path"])
        # Our own state folder may have been made meanwhile, and with it a parent.
        if entry["made"] and not os.path.isdir(real):
            os.mkdir(real, 0o700)
        uid, gid, mode = entry["want"]
        os.chown(real, uid, gid)
        os.chmod(real, mode)
    reached("directories")
    private_directory(on_host(MANIFESTS))
    for change in plan.changes:
        place = journal.staged(change.path)
        remove(place)
        remove(journal.kept(change.path))
        if change.content is not None:
            write_new(place, change.content, change.mode, change.uid, change.gid)
            os.utime(place, times=(time.time() - SETTLED_SECONDS,) * 2)
        elif change.link is not None:
            os.symlink(change.link, place)
        if change.backup:
            _back_up(service, change.path, change.backup)
    if new is not None:
        staged = manifest.path_of(service) + ".new"
        remove(staged)
        write_new(staged, as_json(new), 0o644)
    reached("staged")
    for change in plan.changes:
        if change.existed:
            os.link(on_host(change.path), journal.kept(change.path), follow_symlinks=False)
    for folder in _folders([change.path for change in plan.changes]):
        sync_directory(folder)
    sync_directory(on_host(MANIFESTS))
    reached("kept")


def _back_up(service: str, path: str, copy: str) -> None:
    folder = on_host(f"{BACKUPS}/{service}")
    private_directory(on_host(BACKUPS))
    private_directory(folder)
    remove(f"{folder}/{copy}")
    if not os.path.islink(on_host(path)):
        with open(on_host(path), "rb") as file:
            write_new(f"{folder}/{copy}", file.read(), 0o600)
        sync_directory(folder)


def swap(plan: Plan) -> None:
    """Puts the new files in by rename, and takes away those that are no longer named."""
    journal.advance("staging", "swapping")
    reached("swapping")
    for index, change in enumerate(plan.changes):
        if change.content is None and change.link is None:
            remove(on_host(change.path))
        else:
            os.rename(journal.staged(change.path), on_host(change.path))
        if index == 0:
            reached("swapped-first")
    for folder in _folders([change.path for change in plan.changes]):
        sync_directory(folder)
    reached("swapped")


def undo_files(phase: str, content: dict[str, Any]) -> None:
    """Brings files and directories back as they were; may itself be interrupted and run again."""
    paths = [entry["path"] for entry in content["files"]]
    for index, entry in enumerate(content["files"]):
        real, old = on_host(entry["path"]), journal.kept(entry["path"])
        if phase != "staging" and entry["existed"] and os.path.lexists(old):
            os.rename(old, real)
        elif phase != "staging" and not entry["existed"]:
            remove(real)
        # rename(2) does nothing when both names are the same file, so the kept name may still be there.
        remove(old)
        remove(journal.staged(entry["path"]))
        if index == 0:
            reached("restored-first")
    for entry in reversed(content["directories"]):
        real = on_host(entry["path"])
        if entry["made"]:
            # A program may have put something of its own there.
            with contextlib.suppress(OSError):
                os.rmdir(real)
        elif os.path.isdir(real):
            uid, gid, mode = entry["before"]
            os.chown(real, uid, gid)
            os.chmod(real, mode)
    service = content["service"]
    for copy in content["backups"]:
        remove(on_host(f"{BACKUPS}/{service}/{copy}"))
    remove(manifest.path_of(service) + ".new")
    for folder in _folders(paths):
        sync_directory(folder)
    reached("restored")


def finish(content: dict[str, Any]) -> None:
    """After the commit: the manifest takes its place, kept files go. May be interrupted and run again."""
    service = content["service"]
    target = manifest.path_of(service)
    if os.path.exists(target + ".new"):
        os.rename(target + ".new", target)
    elif content["remove"]:
        remove(target)
    sync_directory(os.path.dirname(target))
    reached("manifest")
    for entry in content["files"]:
        remove(journal.kept(entry["path"]))
    for copy in content["droppedBackups"]:
        remove(on_host(f"{BACKUPS}/{service}/{copy}"))
    reached("cleaned")
    journal.close("commit")
    reached("done")


def explain(error: OSError) -> MailstackError:
    """A failure of the file system in words; most often the disk is full."""
    place = f" ({error.filename})" if error.filename else ""
    return MailstackError(f"{error.strerror or error}{place}")
