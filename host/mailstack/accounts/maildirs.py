"""Where users' mail is, seen by root: links are left out."""

import stat
from contextlib import suppress

from ..paths import MAIL, on_host
from ..safe_path import names_in, state


def homes() -> list[str]:
    """The folder of each user."""
    return [home for domain in folders_in(on_host(MAIL)) for home in folders_in(domain)]


def folders_in(folder: str) -> list[str]:
    """The folders in a folder; nothing when there is none."""
    paths = []
    with suppress(NotADirectoryError):
        paths = [f"{folder}/{name}" for name in names_in(folder)]
    return [path for path in paths if _is(path, stat.S_ISDIR)]


def is_file(path: str) -> bool:
    """Whether a file stands there."""
    return _is(path, stat.S_ISREG)


def _is(path: str, kind) -> bool:  # type: ignore[no-untyped-def]
    found = state(path)
    return found is not None and kind(found.st_mode)
