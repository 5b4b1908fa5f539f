"""`mailstack verify`: what on this host is not as the last successful apply left it."""

import os
import stat
from typing import Any

from . import journal, manifest, packages, units
from .identities import names
from .paths import on_host


def drift(services: list[str]) -> list[dict[str, str]]:
    """One entry per difference: `service`, `subject` (a path, unit, package or user) and `problem`."""
    found: list[dict[str, str]] = []
    for applied in manifest.load_all():
        service = applied["service"]
        if services and service not in services:
            continue
        differences = [
            *_files(applied["files"]),
            *_directories(applied["directories"]),
            *_units(applied["units"]),
            *((package, "package is not installed") for package in packages.missing(applied["packages"])),
            *_accounts(applied),
        ]
        found += [{"service": service, "subject": subject, "problem": problem} for subject, problem in differences]
    missing = [name for name in services if manifest.load(name) is None]
    found += [{"service": name, "subject": name, "problem": "was never applied"} for name in missing]
    unfinished = journal.read()
    if unfinished:
        service = unfinished[1]["service"]
        found.append({"service": service, "subject": "apply", "problem": "was interrupted; the next apply repairs it"})
    return found


def _files(files: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for path, file in files.items():
        try:
            state = os.lstat(on_host(path))
        except (FileNotFoundError, NotADirectoryError):
            found.append((path, "is missing"))
            continue
        if not stat.S_ISREG(state.st_mode):
            found.append((path, "is not a file"))
            continue
        with open(on_host(path), "rb") as content:
            if manifest.content_digest(content.read()) != file["sha256"]:
                found.append((path, "content was changed"))
        found += _ownership(path, state, file)
    return found


def _directories(directories: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for path, entry in directories.items():
        if not os.path.isdir(on_host(path)):
            found.append((path, "is missing or not a directory"))
        else:
            found += _ownership(path, os.stat(on_host(path)), entry)
    return found


def _ownership(path: str, state: os.stat_result, wanted: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    owner, mode = names(state.st_uid, state.st_gid), stat.S_IMODE(state.st_mode)
    if owner != wanted["owner"]:
        found.append((path, f"owner is {owner}, not {wanted['owner']}"))
    if mode != int(wanted["mode"], 8):
        found.append((path, f"mode is {mode:04o}, not {wanted['mode']}"))
    return found


def _units(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, state in units.query(list(wanted)).items():
        running = units.is_active(state)
        if wanted[name]["running"] and not running:
            found.append((name, f"is {state['ActiveState']}, should run"))
        elif wanted[name]["running"] and state["UnitFileState"] in ("disabled", "masked"):
            found.append((name, f"is {state['UnitFileState']}: it will not run after a reboot"))
        elif not wanted[name]["running"] and state["ActiveState"] == "active":
            found.append((name, "runs, should not"))
    return found


def _accounts(applied: dict[str, Any]) -> list[tuple[str, str]]:
    if "accounts" not in applied:
        return []
    from .accounts import pending
    from .accounts_db import opened

    path = applied["accounts"]["database"]
    if not os.path.exists(on_host(path)):
        return [(path, "is missing")]
    with opened(path) as connection:
        return [(path, f"should be: {change.text}") for change in pending(connection, applied["accounts"])]
