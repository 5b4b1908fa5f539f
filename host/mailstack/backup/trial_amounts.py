"""How much a backup has of each mailbox or service: as it is listed, and as it was restored."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..paths import on_host
from .restic import LONG, Restic
from .snapshots import Snapshot

# What a path of the host counts for; None: nothing.
Group = Callable[[str], str | None]
_SHOWN = 10


@dataclass(frozen=True)
class Amount:
    """Regular files and their bytes."""

    files: int = 0
    bytes: int = 0


def listed(restic: Restic, snapshot: Snapshot, group: Group) -> dict[str, Amount]:
    """As the snapshot lists it."""

    def sizes() -> Iterator[tuple[str, int]]:
        doing = f"the backup of {snapshot.shown} could not be listed"
        with restic.lines("ls", "--json", "--no-lock", snapshot.id, doing=doing, timeout=LONG) as process:
            for line in process.stdout or ():
                entry = json.loads(line)
                if entry.get("type") == "file":
                    yield entry["path"].removeprefix(on_host("")), entry.get("size", 0)

    return _sums(sizes(), group)


def restored(where: str, group: Group) -> dict[str, Amount]:
    """As it was restored below a folder of root's, where nobody else can put anything."""

    def sizes() -> Iterator[tuple[str, int]]:
        for folder, _, names in os.walk(where):
            for name in names:
                found = os.lstat(f"{folder}/{name}")
                if stat.S_ISREG(found.st_mode):
                    yield f"{folder}/{name}".removeprefix(where + on_host("")), found.st_size

    return _sums(sizes(), group)


def _sums(sizes: Iterator[tuple[str, int]], group: Group) -> dict[str, Amount]:
    found: dict[str, Amount] = {}
    for path, size in sizes:
        name = group(path)
        if name is not None:
            before = found.get(name, Amount())
            found[name] = Amount(before.files + 1, before.bytes + size)
    return found


def differences(wanted: dict[str, Amount], found: dict[str, Amount]) -> list[str]:
    """One line each; `found` may have more."""
    wrong = [
        f"{name}: {back.files} of {amount.files} files and {back.bytes} of {amount.bytes} bytes were restored"
        for name, amount in sorted(wanted.items())
        if (back := found.get(name, Amount())) != amount
    ]
    return wrong if len(wrong) <= _SHOWN else [*wrong[:_SHOWN], f"{len(wrong) - _SHOWN} more differ"]
