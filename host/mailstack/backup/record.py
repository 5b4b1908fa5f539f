"""What this host knows about its own runs. Which backups exist is for the repository to say."""

import json
from typing import Any

from .. import atomic_file
from ..paths import STATE, on_host
from ..safe_path import Refused, read

FOLDER = STATE + "/backup"
_LAST = FOLDER + "/last.json"
_REPOSITORY = FOLDER + "/repository.json"


def last() -> dict[str, Any]:
    """The last good run and the last failure: `done`, `failed`; empty before the first run."""
    return _read(_LAST)


def note(**entries: Any) -> None:
    """Adds entries; None removes one."""
    kept = {key: value for key, value in (last() | entries).items() if value is not None}
    _write(_LAST, kept)


def repository() -> dict[str, Any]:
    """`address` and `id` of the repository of the last successful run."""
    return _read(_REPOSITORY)


def remember_repository(address: str, identity: str) -> None:
    """From now on, an empty repository at this address is an error."""
    if repository() != {"address": address, "id": identity}:
        _write(_REPOSITORY, {"address": address, "id": identity})


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
