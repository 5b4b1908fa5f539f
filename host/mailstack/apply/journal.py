"""What an apply is in the middle of, so that the next run can put it right.

The journal is one file. Its name says how far things are, so that going on needs no new disk space:
  staging.json   nothing that counts is changed; undo: remove what lies beside the targets
  swapping.json  files are being swapped; undo: bring the kept files back
  units.json     units are being touched; undo: files, then units
  commit.json    the new state stands; finish the cleaning up
"""

import json
import os
from typing import Any

from ..atomic_file import as_json, private_directory, replace
from ..paths import JOURNAL, on_host
from ..safe_path import remove, rename, sync_directory

PHASES = ("staging", "swapping", "units", "commit")


def staged(path: str) -> str:
    """The new file beside its target. Everything that reads whole directories skips `.dpkg-new`."""
    return _beside(path, "new")


def kept(path: str) -> str:
    """The old file beside its target."""
    return _beside(path, "old")


def _beside(path: str, what: str) -> str:
    folder, name = os.path.split(on_host(path))
    return f"{folder}/.{name}.mailstack.dpkg-{what}"


def write(content: dict[str, Any]) -> None:
    """Starts a transaction."""
    private_directory(on_host(JOURNAL))
    replace(_file("staging"), as_json(content))


def advance(old: str, new: str) -> None:
    """Goes from one phase to the next, for good."""
    rename(_file(old), _file(new))
    sync_directory(on_host(JOURNAL))


def read() -> tuple[str, dict[str, Any]] | None:
    """Phase and content of an unfinished transaction."""
    for phase in PHASES:
        try:
            with open(_file(phase), encoding="utf-8") as file:
                return phase, json.load(file)
        except FileNotFoundError:
            continue
    return None


def close(phase: str) -> None:
    """The transaction is over."""
    remove(_file(phase))
    sync_directory(on_host(JOURNAL))


def _file(phase: str) -> str:
    return on_host(f"{JOURNAL}/{phase}.json")
