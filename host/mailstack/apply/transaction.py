"""Makes a plan true in steps that can each be undone: stage, keep, swap, commit."""

import errno
import os
import time
from dataclasses import asdict
from typing import Any

from ..atomic_file import as_json, private_directory
from ..errors import MailstackError
from ..paths import BACKUPS, MANIFESTS, on_host
from ..progress import say
from ..safe_path import (
    Refused,
    directory_state,
    link,
    make_directory,
    read,
    remove,
    remove_directory,
    rename,
    set_ownership,
    state,
    symlink,
    sync_directory,
    write_new,
)
from . import journal, manifest, units
from .plan import Plan
from .steps import reached


def _folders(paths: list[str]) -> list[str]:
    return sorted({os.path.dirname(on_host(path)) for path in paths})


def begin(service: str, plan: Plan, work: units.Work, old: manifest.Manifest | None, removing: bool) -> None:
    """Writes the journal. `work`: what will be done to units; `old`: the manifest until now."""
    journal.write(
        {
            "service": service,
            "files": [{"path": change.path, "existed": change.existed} for change in plan.changes],
            "directories": plan.directories,
            "backups": [change.backup for change in plan.changes if change.backup],
            "droppedBackups": plan.dropped_backups,
            "remove": removing,
            "units": {name: asdict(unit) for name, unit in work.units.items()},
            "daemonReload": work.daemon_reload,
            "prepare": old.prepare if old and plan.changes else [],
        }
    )
    reached("journal")


# Postfix's programs wait up to two seconds for a main.cf that has just changed: somebody might still be writing it.
# These files are whole when they appear.
SETTLED_SECONDS = 10


def stage(service: str, plan: Plan, new: manifest.Manifest | None) -> None:
    """Writes everything that needs disk space: directories, new files, copies of foreign files, the manifest."""
    for entry in plan.directories:
        real = on_host(entry["path"])
        # Our own state folder may have been made meanwhile, and with it a parent.
        if entry["made"] and directory_state(real) is None:
            make_directory(real)
        set_ownership(real, *entry["want"])
    reached("directories")
    private_directory(on_host(MANIFESTS))
    for change in plan.changes:
        place = journal.staged(change.path)
        remove(place)
        remove(journal.kept(change.path))
        if change.content is not None:
            settled = time.time() - SETTLED_SECONDS
            write_new(place, change.content, change.mode, change.uid, change.gid, settled)
        elif change.link is not None:
            symlink(change.link, place)
        if change.backup:
            _back_up(service, change.path, plan.backups[change.path])
    if new is not None:
        staged = manifest.path_of(service) + ".new"
        remove(staged)
        write_new(staged, as_json(new.to_json()), 0o644)
    reached("staged")
    for change in plan.changes:
        if change.existed:
            link(on_host(change.path), journal.kept(change.path))
    _sync([change.path for change in plan.changes])
    sync_directory(on_host(MANIFESTS))
    reached("kept")


def _back_up(service: str, path: str, backup: manifest.Original) -> None:
    folder = on_host(f"{BACKUPS}/{service}")
    private_directory(on_host(BACKUPS))
    private_directory(folder)
    if backup.copy is None:
        return
    content, found = read(on_host(path))
    if (found.st_uid, found.st_gid) != (backup.uid, backup.gid):
        raise MailstackError(f"{path} was replaced while it was read; nothing was changed")
    remove(f"{folder}/{backup.copy}")
    write_new(f"{folder}/{backup.copy}", content, 0o600)
    sync_directory(folder)


def swap(plan: Plan) -> None:
    """Puts the new files in by rename, and takes away those that are no longer named; programs by `remove_programs`."""
    journal.advance("staging", "swapping")
    reached("swapping")
    for index, change in enumerate(plan.changes):
        if change.content is not None or change.link is not None:
            rename(journal.staged(change.path), on_host(change.path))
        elif not change.last:
            remove(on_host(change.path))
        if index == 0:
            reached("swapped-first")
    _sync([change.path for change in plan.changes])
    reached("swapped")


def remove_programs(plan: Plan) -> None:
    """Those that are no longer named, when nothing starts them any more."""
    paths = [change.path for change in plan.changes if change.last]
    for path in paths:
        remove(on_host(path))
    _sync(paths)


def undo_files(phase: str, content: dict[str, Any]) -> list[str]:
    """Brings files and directories back as they were; may itself be interrupted and run again.

    Returns what could not be brought back because its owner has put something else there meanwhile: root leaves that
    alone, and must not be held up by it.
    """
    paths = [entry["path"] for entry in content["files"]]
    problems = []
    for index, entry in enumerate(content["files"]):
        try:
            _undo_file(phase, entry)
        except (Refused, IsADirectoryError) as error:
            problems.append(f"{entry['path']} is not as before: {error}")
        if index == 0:
            reached("restored-first")
    for entry in reversed(content["directories"]):
        try:
            _undo_directory(entry)
        except Refused as error:
            problems.append(f"{entry['path']} is not as before: {error}")
    service = content["service"]
    for copy in content["backups"]:
        remove(on_host(f"{BACKUPS}/{service}/{copy}"))
    remove(manifest.path_of(service) + ".new")
    _sync(paths)
    reached("restored")
    return problems


def _undo_file(phase: str, entry: dict[str, Any]) -> None:
    real, old = on_host(entry["path"]), journal.kept(entry["path"])
    if phase != "staging" and entry["existed"] and state(old) is not None:
        rename(old, real)
    elif phase != "staging" and not entry["existed"]:
        remove(real)
    # rename(2) does nothing when both names are the same file, so the kept name may still be there.
    remove(old)
    remove(journal.staged(entry["path"]))


def _undo_directory(entry: dict[str, Any]) -> None:
    real = on_host(entry["path"])
    if directory_state(real, declared=False) is None:
        return
    if not entry["made"]:
        set_ownership(real, *entry["before"])
        return
    try:
        remove_directory(real)
    except OSError as error:
        # A program may have put something of its own there.
        if error.errno != errno.ENOTEMPTY:
            raise


def _sync(paths: list[str]) -> None:
    for folder in _folders(paths):
        try:
            sync_directory(folder)
        except Refused:
            # Told when the file itself was looked at.
            continue


def finish(content: dict[str, Any]) -> None:
    """After the commit: the manifest takes its place, kept files go. May be interrupted and run again."""
    service = content["service"]
    target = manifest.path_of(service)
    if state(target + ".new") is not None:
        rename(target + ".new", target)
    elif content["remove"]:
        remove(target)
    sync_directory(os.path.dirname(target))
    reached("manifest")
    for entry in content["files"]:
        try:
            remove(journal.kept(entry["path"]))
        except (Refused, IsADirectoryError) as error:
            # The owner of the directory has put something else there; the new state stands all the same.
            say(f"{entry['path']}: {error}")
    for copy in content["droppedBackups"]:
        remove(on_host(f"{BACKUPS}/{service}/{copy}"))
    reached("cleaned")
    journal.close("commit")
    reached("done")


def explain(error: OSError) -> MailstackError:
    """A failure of the file system in words; most often the disk is full."""
    place = f" ({error.filename})" if error.filename else ""
    return MailstackError(f"{error.strerror or error}{place}")
