"""What users share with others: rights in a file of each folder, and Dovecot's list of who shares with whom."""

import stat

from ..paths import MAIL, on_host
from ..programs import must
from ..safe_path import read, remove, rename, state, write_new
from .maildirs import folders_in, homes, is_file

# As in components/services/dovecot.ts.
LIST = MAIL + "/shared-folders"
# A line of the list, before the two users; the line after it says that it holds.
_KEY = "shared/shared-boxes/user/"
_RIGHTS = "dovecot-acl"


def forget(address: str, active: set[str]) -> None:
    """Takes away what others have shared with a removed user, so that whoever gets the address later sees nothing, and
    what the user has shared. The list is made anew out of the rights that the others' folders have then."""
    for path in _files():
        content, found = read(path)
        lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        kept = [line for line in lines if line.split(" ")[0].lstrip("-") != f"user={address}"]
        if kept == lines:
            continue
        staged = f"{path}.new"
        remove(staged)
        text = "".join(kept).encode("utf-8", "surrogateescape")
        write_new(staged, text, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        rename(staged, path)
    pairs = _pairs()
    if any(address in pair for pair in pairs):
        remove(on_host(LIST))
        for owner in sorted({owner for _, owner in pairs} & active):
            must(["doveadm", "acl", "recalc", "-u", owner], f"who shares folders with whom, without {address}")


def _files() -> list[str]:
    """The file of each folder that has rights of its own."""
    maildirs = [f"{home}/Maildir" for home in homes()]
    folders = [folder for maildir in maildirs for folder in [maildir, *folders_in(maildir)]]
    return [path for path in (f"{folder}/{_RIGHTS}" for folder in folders) if is_file(path)]


def _pairs() -> list[tuple[str, str]]:
    """Who gets something to see, and from whom."""
    if state(on_host(LIST)) is None:
        return []
    content, _ = read(on_host(LIST))
    keys = [line for line in content.decode("utf-8", "replace").splitlines() if line.startswith(_KEY)]
    return [(to, owner) for to, _, owner in (key.removeprefix(_KEY).partition("/") for key in keys)]
