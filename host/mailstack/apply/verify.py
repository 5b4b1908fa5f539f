"""`mailstack verify`: what on this host is not as the last successful apply left it."""

import os
import stat
from collections.abc import Callable, Mapping

from ..keys.dkim_keys import keys_of, problem
from ..paths import on_host
from ..safe_path import Refused, read, state
from . import journal, manifest, packages, units
from .bundle import Ownership
from .identities import names


def drift(services: list[str]) -> list[dict[str, str]]:
    """One entry per difference: `service`, `subject` (a path, unit, package or user) and `problem`."""
    found: list[dict[str, str]] = []
    for applied in manifest.load_all():
        service = applied.service
        if services and service not in services:
            continue
        differences = [
            *_files(applied.files),
            *_misplaced(applied.directories, stat.S_ISDIR),
            *unit_problems(applied.units),
            *((package, "package is not installed") for package in packages.missing(applied.packages)),
            *((path, what) for path in keys_of(applied.prepare) if (what := problem(path))),
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


def _files(files: dict[str, manifest.Applied]) -> list[tuple[str, str]]:
    found = []
    for path, file in files.items():
        problems = _replaced(path, file, stat.S_ISREG)
        try:
            changed = manifest.content_digest(read(on_host(path))[0]) != file.sha256
        except (FileNotFoundError, Refused):
            # Told already.
            changed = False
        found += [(path, problem) for problem in (["content was changed"] if changed else []) + problems]
    return found


def replaced(applied: manifest.Manifest) -> list[tuple[str, str]]:
    """Files and directories in whose place something else is, or which have another owner or mode."""
    return _misplaced(applied.directories, stat.S_ISDIR) + _misplaced(applied.files, stat.S_ISREG)


def _misplaced(entries: Mapping[str, Ownership], is_kind: Callable[[int], bool]) -> list[tuple[str, str]]:
    return [(path, problem) for path, entry in entries.items() for problem in _replaced(path, entry, is_kind)]


def _replaced(path: str, entry: Ownership, is_kind: Callable[[int], bool]) -> list[str]:
    try:
        there = state(on_host(path))
    except Refused as error:
        return [f"is out of reach: {error}"]
    if there is None:
        return ["is missing" if is_kind is stat.S_ISREG else "is missing or not a directory"]
    if not is_kind(there.st_mode):
        return [f"was replaced by {_kind(there.st_mode)}"]
    return _ownership(there, entry)


def _kind(mode: int) -> str:
    kinds = {stat.S_ISLNK: "a link", stat.S_ISDIR: "a directory", stat.S_ISREG: "a file", stat.S_ISFIFO: "a FIFO"}
    return next((name for is_kind, name in kinds.items() if is_kind(mode)), "something else")


def _ownership(there: os.stat_result, wanted: Ownership) -> list[str]:
    found = []
    owner, mode = names(there.st_uid, there.st_gid), stat.S_IMODE(there.st_mode)
    if owner != wanted.owner:
        found.append(f"owner is {owner}, not {wanted.owner}")
    if mode != int(wanted.mode, 8):
        found.append(f"mode is {mode:04o}, not {wanted.mode}")
    return found


def unit_problems(wanted: dict[str, bool]) -> list[tuple[str, str]]:
    """Units that do not run and should, or will not after a reboot, or run and should not, and what is wrong."""
    found = []
    for name, unit in units.query(list(wanted)).items():
        running = units.is_active(unit)
        if wanted[name] and not running:
            found.append((name, f"is {unit['ActiveState']}, should run"))
        elif wanted[name] and unit["UnitFileState"] in ("disabled", "masked"):
            found.append((name, f"is {unit['UnitFileState']}: it will not run after a reboot"))
        elif not wanted[name] and unit["ActiveState"] == "active":
            found.append((name, "runs, should not"))
    return found


def _accounts(applied: manifest.Manifest) -> list[tuple[str, str]]:
    if not applied.accounts:
        return []
    from ..accounts.damage import damage
    from ..accounts.database import opened
    from ..accounts.declared import pending

    path = applied.accounts.database
    if not os.path.exists(on_host(path)):
        return [(path, "is missing")]
    if wrong := damage(path):
        return [(path, wrong.removeprefix(f"{path} "))]
    with opened(path) as connection:
        return [(path, f"should be: {change.text}") for change in pending(connection, applied.accounts)]
