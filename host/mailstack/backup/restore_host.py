"""`mailstack restore host state|mail|queue`: restores a new host from the backups of its predecessor.

The deployment runs `state` before the first service with state, `mail` before a daemon opens the mail, and `queue` (see
mail_queue.py) once Postfix is there. A host is restored once: a mark records which backups are used and how far the
restore is. Any failure ends the deployment there, with nothing published and port 25 closed; the next one continues. A
host that was deployed before is left alone.
"""

import json
import time
from typing import Any

from .. import marks
from ..apply import manifest
from ..apply.lock import Lock
from ..errors import MailstackError
from ..paths import STATE
from ..progress import say
from ..safe_path import read
from . import items, mail_queue, record, repository, settings, snapshots
from .copies import CONTENTS
from .items import Item
from .mail_back import bring_mail, has_mail
from .own_lock import OwnLock
from .put_back import put_back, staged_path
from .restic import Restic, Trouble, nice
from .restore_state import check
from .snapshots import Listing, Snapshot, time_of
from .staging import bring, stage, staged

_MARK = STATE + "/restored.json"
_WAIT = 900.0
_HAD = (
    "and another host of this stack had backups there: bring them back, "
    "or set mailstack:restoreFrom to nothing to start with an empty host"
)


def restore(part: str) -> None:
    """Does nothing on a host that was restored, or was deployed before."""
    if part == "queue":
        mail_queue.put_back()
        return
    with Lock(f"restore host {part}", _WAIT), OwnLock(_WAIT):
        nice()
        if part == "state":
            _state()
        else:
            _mail()


def _state() -> None:
    mark = marks.read(_MARK)
    if mark is None:
        mark = _begin()
        marks.write(_MARK, mark)
    if "state" in mark["done"]:
        return
    wanted = items.planned("state")
    restic = Restic(settings.load())
    snapshot = _marked(restic, mark, "state")
    say(f"restoring the state of {snapshot.shown}")
    with stage() as where:
        bring(restic, snapshot, [CONTENTS, *(staged_path(item) for item in wanted)], where)
        check(wanted, where, snapshot.shown)
        _refuse_losses(wanted, where, snapshot)
        for item in wanted:
            # Anything there is from an earlier attempt: this host was empty when the restore began.
            put_back(item, where, None)
    mail_queue.keep(restic, snapshot)
    marks.write(_MARK, mark | {"done": ["state"]})


def _mail() -> None:
    mark = marks.read(_MARK)
    if mark is None:
        raise MailstackError("restore the state first: `mailstack restore host state`")
    if "mail" in mark["done"]:
        return
    if not mark["mail"]:
        say("the backup has no mail: the mailboxes are empty")
    elif has_mail() and not mark.get("moving"):
        # On a volume, mail outlives its host and is newer than any backup.
        say("this host already has mail: it stays, and the backup's mail is not restored")
    else:
        restic = Restic(settings.load())
        snapshot = _marked(restic, mark, "mail")
        say(f"restoring the mail of {snapshot.shown}")
        bring_mail(restic, snapshot, items.planned("mail"), lambda: marks.write(_MARK, mark | {"moving": True}))
    marks.write(_MARK, mark | {"done": ["state", "mail"]})


def _begin() -> dict[str, Any]:
    """The first mark: which backups, or that there is nothing to do."""
    nothing = {"time": time.time(), "state": "", "mail": "", "done": ["state", "mail"]}
    wanted = settings.load()
    applied = {each.service for each in manifest.load_all()} & {item.service for item in items.planned()}
    if applied:
        return nothing | {"why": "the host was there before"}
    there = [item.path for item in items.planned("state") if item.exists()]
    if there:
        hint = "move them away to restore this host, or set mailstack:restoreFrom to nothing"
        raise MailstackError(f"this host has {', '.join(there)} but was never deployed: {hint}")
    if wanted.restoreFrom == "nothing":
        return nothing | {"why": "mailstack:restoreFrom"}
    restic = Restic(wanted)
    record.remember_repository(wanted.repository, _opened(restic))
    listing = snapshots.look(restic)
    chosen = _choose(listing, wanted.restoreFrom)
    if chosen is None:
        others = f" ({listing.strangers()})" if listing.strangers() else ""
        if not wanted.begins:
            raise MailstackError(f"the repository has no backup of this stack{others}, {_HAD}")
        say(f"the repository has no backup of this stack{others}: the host starts empty")
        return nothing | {"why": "no backup"}
    state, mail = chosen
    return {"time": time.time(), "state": state.id, "mail": mail.id if mail else "", "done": []}


def _opened(restic: Restic) -> str:
    try:
        return repository.opened(restic, make=restic.settings.begins)
    except Trouble as trouble:
        if trouble.kind != "other" or restic.settings.begins:
            raise
        raise MailstackError(f"the repository is unreachable or empty, {_HAD}", trouble.details) from None


def _choose(listing: Listing, wanted: str) -> tuple[Snapshot, Snapshot | None] | None:
    if wanted != "auto":
        at = time_of(wanted.removesuffix("Z"))
        return listing.must("state", at), listing.newest("mail", at)
    if listing.own:
        return listing.must("state"), listing.newest("mail")
    if listing.newer or listing.future:
        raise MailstackError(f"the repository has only {listing.strangers()}; refusing to start with an empty host")
    return None


def _marked(restic: Restic, mark: dict[str, Any], part: str) -> Snapshot:
    repository.opened(restic, make=False)
    found = next((each for each in snapshots.look(restic).own if each.id == mark[part]), None)
    if found is None:
        raise MailstackError(
            f"the backup {mark[part][:8]} ({part}) that the restore of this host started from is no longer in the "
            f"repository; remove {_MARK} to start from another"
        )
    return found


def _refuse_losses(wanted: list[Item], where: str, snapshot: Snapshot) -> None:
    """The backup must contain everything that its table of contents names."""
    path = staged(where, CONTENTS)
    if path is None:
        raise MailstackError(f"the backup of {snapshot.shown} has no table of contents: it is incomplete")
    content, _ = read(path)
    told = {entry["path"] for entry in json.loads(content)["items"]}
    lost = [item.path for item in wanted if item.path in told and staged(where, staged_path(item)) is None]
    if lost:
        raise MailstackError(f"the backup of {snapshot.shown} is incomplete: {', '.join(lost)} is missing")
