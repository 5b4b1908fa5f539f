"""Which backups are deleted, and when. An append-only server does this itself."""

import time

from ..progress import say
from . import record
from .restic import LONG, Restic, Trouble
from .snapshots import Listing, own_tags

_DAY = 86400
_WEEK = 7 * _DAY
# Every hour of two days, then a day's last.
_HOURS = "48h"


def apply(restic: Restic, listing: Listing) -> None:
    """Forgets backups that are older than the settings say, daily, and frees their space, weekly."""
    try:
        _apply(restic, listing)
    except Trouble as trouble:
        # Somebody is reading the repository, or a killed run seems to be. The backup itself is complete.
        if trouble.kind != "locked":
            raise
        say(f"{trouble.message}")


def _apply(restic: Restic, listing: Listing) -> None:
    settings, known, now = restic.settings, record.last(), time.time()
    if settings.appendOnly or now - known.get("forgotten", 0) < _DAY:
        return
    if listing.future:
        # restic counts from the newest snapshot: one from the future would make all others too old.
        say(f"retention waits: {listing.strangers()}")
        return
    for part, days in (("mail", settings.mailDays), ("state", settings.stateDays)):
        restic.run(
            *("forget", "--quiet", "--tag", own_tags(settings.identity, part), "--group-by", ""),
            *("--keep-within-hourly", _HOURS, "--keep-within-daily", f"{days}d"),
            doing="old backups could not be forgotten",
        )
    if now - known.get("pruned", now) >= _WEEK:
        restic.run("prune", "--quiet", "--max-repack-size", "1G", doing="old data could not be deleted", timeout=LONG)
        known["pruned"] = now
    record.note(forgotten=now, pruned=known.get("pruned", now))
