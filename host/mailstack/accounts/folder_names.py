"""Once on each host: what was made while a dot separated folders, and would not be found now that `/` does."""

import stat
from collections.abc import Iterator

from .. import atomic_file
from ..daemons.sieve_folders import with_slashes
from ..paths import STATE, on_host
from ..progress import say
from ..safe_path import Refused, names_in, read, remove, rename, state, write_new
from .maildirs import folders_in, homes, is_file

_DONE = STATE + "/folders-by-slash"
# As in components/services/dovecot.ts: a name that begins with `~` is escaped now.
_ESCAPED_TILDE = ".\x7f7e"


def by_slash() -> None:
    """Changes users' Sieve scripts and the few folders whose names are stored in another way now. A later script is its
    user's own: it may name a folder with a dot."""
    if state(on_host(_DONE)) is not None:
        return
    scripts = sum(_rewrite(script) for home in homes() for script in _scripts(home))
    for home in homes():
        _escape_tildes(f"{home}/Maildir")
    if scripts:
        say(f"folders are separated by / now: {scripts} Sieve scripts were changed")
    atomic_file.replace(on_host(_DONE), b"")


def _scripts(home: str) -> Iterator[str]:
    """A user's scripts; which one is active, a link says."""
    folder = f"{home}/sieve"
    names = names_in(folder) if folder in folders_in(home) else []
    for path in [*(f"{folder}/{name}" for name in names if name.endswith(".sieve")), f"{home}/.dovecot.sieve"]:
        if is_file(path):
            yield path


def _rewrite(path: str) -> bool:
    """Whether the script had to be changed. Dovecot compiles it anew, since it is newer than its compiled form."""
    try:
        content, found = read(path)
    except Refused as refused:
        say(refused.message)
        return False
    new = with_slashes(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if new == content:
        return False
    staged = f"{path}.new"
    remove(staged)
    write_new(staged, new, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    rename(staged, path)
    return True


def _escape_tildes(maildir: str) -> None:
    for folder in folders_in(maildir):
        parent, _, name = folder.rpartition("/")
        renamed = f"{parent}/{name.replace('.~', _ESCAPED_TILDE)}"
        if renamed != folder and state(renamed) is None:
            rename(folder, renamed)
