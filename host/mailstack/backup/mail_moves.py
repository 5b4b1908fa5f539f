"""Mail that moves while restic reads it.

restic reads the folders of a Maildir in alphabetical order, `cur` before `new`. A message that is opened in between
moves from `new`, not yet read, into `cur`, already read, and is missed. restic itself reports files that were renamed
when their flags changed.
"""

from collections.abc import Iterator

from ..accounts.maildirs import folders_in, homes
from ..safe_path import names_in


def unread() -> set[str]:
    """Paths of the messages that have not been opened yet."""
    return {f"{folder}/{name}" for folder in _new_folders() for name in names_in(folder)}


def moved(before: set[str]) -> int:
    """How many of them have been opened since."""
    return len(before - unread()) if before else 0


def _new_folders() -> Iterator[str]:
    for home in homes():
        maildir = f"{home}/Maildir"
        for folder in [maildir, *(each for each in folders_in(maildir) if each.startswith(f"{maildir}/."))]:
            yield f"{folder}/new"
