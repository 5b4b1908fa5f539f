"""Opens the repository, or creates it the first time."""

import json

from ..errors import MailstackError
from ..progress import say
from . import record
from .restic import Restic, Trouble


def opened(restic: Restic, make: bool) -> str:
    """Its identity. With `make`, an empty location becomes a repository, unless this host already had one there."""
    address = restic.settings.repository
    known = record.repository()
    known_here = known if known.get("address") == address else {}
    try:
        found = _identity(restic)
    except Trouble as trouble:
        if trouble.kind != "other" or not make:
            raise
        if known_here:
            raise Trouble(
                "other", "the repository that held this host's backups is unreachable or empty", restic.said
            ) from None
        # restic says the same about an empty location and an unreachable one. Only in an empty one does `init` succeed.
        restic.run("init", "--quiet", doing="the repository can be neither read nor created")
        say("nothing was there: the repository is created")
        found = _identity(restic)
    if known_here and known_here["id"] != found:
        raise MailstackError(
            "a different repository is now at the address of this host's backups; if that is intended, "
            "remove /var/lib/mailstack/backup/repository.json"
        )
    return found


def _identity(restic: Restic) -> str:
    _, out = restic.run("cat", "config", "--no-lock", doing="the repository cannot be opened")
    return str(json.loads(out)["id"])
