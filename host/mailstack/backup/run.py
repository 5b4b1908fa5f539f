"""`mailstack backup run`."""

import json
import os
import time
from typing import Any

from ..errors import Interrupted, MailstackError
from ..paths import on_host
from ..progress import say
from . import copies, items, mail_moves, record, repository, retention, settings, snapshots
from .own_lock import OwnLock
from .restic import LONG, Restic, nice

# Each reads only what has changed since the one before.
_ATTEMPTS = 3
_INCOMPLETE = 3


def run() -> dict[str, Any]:
    """Backs everything up. A failure is recorded for `mailstack status`."""
    with OwnLock():
        nice()
        return recorded([])


def recorded(more: list[str]) -> dict[str, Any]:
    """As `run`, for a caller with its lock; the snapshot of the state also gets the paths in `more`."""
    try:
        result = _run(more)
    except (MailstackError, OSError) as error:
        if not isinstance(error, Interrupted):
            message = error.message if isinstance(error, MailstackError) else str(error)
            record.note(failed={"time": time.time(), "message": message})
        raise
    finally:
        copies.clear()
    record.note(done=result, failed=None)
    return result


def _run(more: list[str]) -> dict[str, Any]:
    began = time.time()
    wanted = settings.load()
    restic = Restic(wanted)
    found = repository.opened(restic, make=True)
    _refuse_loss(restic)
    # Only stale locks: of a killed run of this host, or older than half an hour.
    restic.run("unlock", "--quiet", doing="old locks could not be removed")
    record.remember_repository(wanted.repository, found)
    paths = [*copies.make(items.declared("state"), began, wanted.hostname), *more]
    state = _snapshot(restic, "state", began, paths, [])
    mail = _mail(restic, began)
    listing = snapshots.look(restic)
    for part, made in (("state", state), ("mail", mail)):
        if made and made["snapshot"] not in {each.id[: len(made["snapshot"])] for each in listing.own}:
            raise MailstackError(f"the backup of this run ({part}) is not in the repository")
    retention.apply(restic, listing)
    seconds = round(time.time() - began, 1)
    return {"time": began, "seconds": seconds, "state": state, "mail": mail}


def _refuse_loss(restic: Restic) -> None:
    """A repository without the backups that this host made is no beginning: somebody has deleted them."""
    known = record.last().get("done") or {}
    if record.repository().get("address") != restic.settings.repository:
        return
    listing = snapshots.look(restic)
    there = {each.part for each in (*listing.own, *listing.newer, *listing.future)}
    lost = [part for part in snapshots.PARTS if known.get(part) and part not in there]
    if lost:
        raise MailstackError(
            f"the backups ({', '.join(lost)}) that this host made are no longer in the repository; if that is "
            "intended, remove /var/lib/mailstack/backup/last.json"
        )


def _mail(restic: Restic, when: float) -> dict[str, Any] | None:
    here = [item for item in items.declared("mail") if item.exists()]
    if not here:
        return None
    excluded = [pattern for item in here for pattern in item.exclude]
    made: dict[str, Any] = {}
    for attempt in range(_ATTEMPTS):
        before = mail_moves.unread()
        made = _snapshot(restic, "mail", when + attempt, [item.path for item in here], excluded, on_host(here[0].path))
        moved = mail_moves.moved(before)
        made["moved"] = moved + made.pop("vanished")
        if not made["moved"]:
            break
        say(f"{made['moved']} messages were opened or moved while being read; reading once more")
    return made


def _snapshot(
    restic: Restic, part: str, when: float, paths: list[str], excluded: list[str], mail: str = ""
) -> dict[str, Any]:
    told = snapshots.time_text(when).replace("T", " ").rstrip("Z")
    arguments = [
        *("backup", "--json", "--quiet", "--one-file-system", "--host", restic.settings.hostname, "--time", told),
        *("--tag", snapshots.tags_for(restic.settings.identity, part)),
        *(f"--exclude={on_host(pattern) if pattern.startswith('/') else pattern}" for pattern in excluded),
        *map(on_host, paths),
    ]
    doing = f"the backup ({part}) failed"
    code, out = restic.run(*arguments, doing=doing, timeout=LONG, good=(0, _INCOMPLETE), mail=mail)
    answers = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    summary = next((answer for answer in answers if answer.get("message_type") == "summary"), None)
    if summary is None:
        raise MailstackError(f"{doing}: restic said nothing about it", restic.said.splitlines()[:5])
    vanished, unreadable = _errors(restic.said) if code == _INCOMPLETE else (0, [])
    if unreadable:
        raise MailstackError(f"{doing}: some files cannot be read", unreadable[:10])
    made = {
        "snapshot": summary["snapshot_id"],
        "files": summary["total_files_processed"],
        "bytes": summary["total_bytes_processed"],
        "added": summary["data_added"],
    }
    return made | ({"vanished": vanished} if part == "mail" else {})


def _errors(said: str) -> tuple[int, list[str]]:
    """How many files had vanished when they were read, and all other errors."""
    gone, other = 0, []
    for line in said.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if answer.get("message_type") != "error":
            continue
        error = answer.get("error") or {}
        words = error if isinstance(error, str) else error.get("message") or json.dumps(error)
        path = answer.get("item", "")
        if "no such file" in words or error_number(error) == 2 or not os.path.lexists(path):
            gone += 1
        else:
            other.append(f"{path.removeprefix(on_host(''))}: {words}")
    return gone, other


def error_number(error: Any) -> int:
    """errno of an error of restic 0.14, which prints Go's structures."""
    return int(error.get("Err", 0)) if isinstance(error, dict) and isinstance(error.get("Err"), int) else 0
