"""What fills the disk, and what can go without any loss."""

import os
import re
import stat
from typing import Any

from ..errors import MailstackError
from ..paths import MAIL, on_host
from ..programs import must, run
from ..progress import say
from ..safe_path import names_in, remove, remove_tree, state

_SECONDS = 600.0
_LARGEST = 10
_JOURNAL = "/var/log/journal"
_JOURNAL_KEPT_MB = 100
_PACKAGES = "/var/cache/apt/archives"
# restic reads again from the repository what is missing here.
_RESTIC = "/var/cache/mailstack-backup"


def look() -> dict[str, Any]:
    """Bytes: of the largest mailboxes and logs, and of what `free` would give back."""
    return {
        "mailboxes": [(_address(path), size) for path, size in _sizes(MAIL, 2)[:_LARGEST]],
        "logs": _sizes("/var/log", 1)[:_LARGEST],
        "free": _freeable(),
    }


def free() -> int:
    """Gives back what is safe, never mail. Bytes."""
    before = sum(_freeable().values())
    must(["apt-get", "clean"], "apt's packages could not be removed")
    must(["journalctl", "--quiet", f"--vacuum-size={_JOURNAL_KEPT_MB}M"], "the journal could not be made smaller")
    for path in (on_host(f"{_RESTIC}/{name}") for name in names_in(on_host(_RESTIC))):
        found = state(path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            remove_tree(path)
        else:
            remove(path)
    say("mail, queue and logs of the last days are as they were")
    return max(before - sum(_freeable().values()), 0)


def _freeable() -> dict[str, int]:
    return {"journal": _journal(), "packages": _size(_PACKAGES), "backup cache": _size(_RESTIC)}


def _address(path: str) -> str:
    domain, _, user = path.removeprefix(MAIL + "/").partition("/")
    return f"{user}@{domain}"


def _sizes(folder: str, depth: int) -> list[tuple[str, int]]:
    if not os.path.isdir(on_host(folder)):
        return []
    # du opens nothing by a path that somebody may change meanwhile, and counts what vanishes as an error.
    answer = run(["du", "--bytes", "--one-file-system", "--all", f"--max-depth={depth}", on_host(folder)], _SECONDS)
    found = re.findall(r"^(\d+)\t(.+)$", answer.out, re.M)
    if not found:
        raise MailstackError(f"{folder} cannot be measured", answer.words(3))
    sizes = [(path.removeprefix(on_host("")), int(size)) for size, path in found]
    below = [(path, size) for path, size in sizes if path.removeprefix(folder).count("/") == depth]
    return sorted(below, key=lambda each: -each[1])


def _size(folder: str) -> int:
    return sum(size for _, size in _sizes(folder, 1))


def _journal() -> int:
    """What is there beyond what stays."""
    size = _size(_JOURNAL)
    return max(size - _JOURNAL_KEPT_MB * 1_000_000, 0)
