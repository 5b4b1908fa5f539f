"""What this host knows about its own runs. Which backups exist is for the repository to say."""

import json
from typing import Any

from .. import atomic_file
from ..paths import STATE, on_host
from ..safe_path import Refused, read

FOLDER = STATE + "/backup"
_LAST = FOLDER + "/last.json"
# Written by the first run against a repository, and not again.
REPOSITORY = FOLDER + "/repository.json"
_TRIED = FOLDER + "/restore-test.json"


def last() -> dict[str, Any]:
    """The last good run and the last failure: `done`, `failed`; empty before the first run."""
    return _read(_LAST)


def note(**entries: Any) -> None:
    """Adds entries; None removes one."""
    kept = {key: value for key, value in (last() | entries).items() if value is not None}
    _write(_LAST, kept)


def repository() -> dict[str, Any]:
    """`address` and `id` of the repository of the last successful run."""
    return _read(REPOSITORY)


def remember_repository(address: str, identity: str) -> None:
    """From now on, an empty repository at this address is an error."""
    if repository() != {"address": address, "id": identity}:
        _write(REPOSITORY, {"address": address, "id": identity})


def tried() -> dict[str, Any]:
    """The restore tests: `last`, the result of the newest, and `good`, when one last found nothing; empty before."""
    return _read(_TRIED)


def note_tried(result: dict[str, Any]) -> None:
    """One more, with `time`, `problems` and what was looked at."""
    good = result["time"] if not result["problems"] else tried().get("good", 0)
    _write(_TRIED, {"last": result, "good": good})


def _read(path: str) -> dict[str, Any]:
    try:
        content, _ = read(on_host(path))
        return json.loads(content)
    except (FileNotFoundError, Refused, ValueError):
        # The repository knows everything that is in it.
        return {}


def _write(path: str, value: dict[str, Any]) -> None:
    atomic_file.private_directory(on_host(FOLDER))
    atomic_file.replace(on_host(path), atomic_file.as_json(value))
