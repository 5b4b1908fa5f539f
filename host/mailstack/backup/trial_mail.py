"""Compares restored messages with those that are still on the host."""

import hashlib
import os
import secrets
from collections.abc import Iterator

from ..paths import on_host
from ..safe_path import Refused, names_in, open_file, own_tree
from .staging import staged

_MESSAGES = ("cur", "new")
_MOST = 200
_SHOWN = 5


def compare(where: str, places: list[str]) -> tuple[int, list[str]]:
    """How many messages were compared, and which are not the same. A message never changes while it exists."""
    for place in places:
        found = staged(where, place)
        if found:
            # Root reads them below a folder of its own, so that a message with two names is one too.
            own_tree(found, 0, 0)
    messages = sorted(path for place in places for path in _messages(f"{where}{on_host(place)}"))
    secrets.SystemRandom().shuffle(messages)
    present = _Present()
    compared, wrong = 0, []
    for path in messages:
        same = _same(path, present.find(path.removeprefix(where)))
        if same is None:
            continue
        compared += 1
        if not same:
            wrong.append(path.removeprefix(where + on_host("")))
        if compared == _MOST:
            break
    more = [f"{len(wrong) - _SHOWN} more messages"] if len(wrong) > _SHOWN else []
    return compared, [f"{name}: not the same on the host and in the backup" for name in [*wrong[:_SHOWN], *more]]


def _messages(top: str) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        if os.path.basename(folder) in _MESSAGES:
            yield from (f"{folder}/{name}" for name in names)


class _Present:
    """Messages of the host, by their names without flags; their owner may put anything there."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}

    def find(self, path: str) -> str:
        """Where the message is now; empty if it is gone, or in another folder."""
        maildir = os.path.dirname(os.path.dirname(path))
        if maildir not in self._folders:
            self._folders[maildir] = dict(self._names(maildir))
        return self._folders[maildir].get(_unique(path), "")

    @staticmethod
    def _names(maildir: str) -> Iterator[tuple[str, str]]:
        for part in _MESSAGES:
            try:
                yield from ((_unique(name), f"{maildir}/{part}/{name}") for name in names_in(f"{maildir}/{part}"))
            except (Refused, NotADirectoryError):
                continue


def _unique(path: str) -> str:
    return os.path.basename(path).split(":")[0]


def _same(path: str, present: str) -> bool | None:
    """None: one of them is no message, or has gone meanwhile."""
    try:
        return _digest(path) == _digest(present) if present else None
    except (Refused, FileNotFoundError):
        return None


def _digest(path: str) -> bytes:
    with open(open_file(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
