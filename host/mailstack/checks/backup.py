"""Off-site backups."""

import time

from ..backup import record, settings, snapshots
from ..backup.restic import Restic
from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import state
from .bad import Bad, Warn

_HOUR = 3600.0
# More than other checks: the repository is remote, and restic needs a second of CPU before it reads the first byte.
_SECONDS = 20.0
_DAY = 86400.0
# A month, and what the timer may add.
_TEST_DAYS = 35
_TEST_TIMER = "/etc/systemd/system/mailstack-restore-test.timer"


def newest(_name: str) -> str:
    """Both parts are in the repository and recent, according to the repository itself."""
    if state(on_host(settings.NONE)) is not None:
        raise Bad("there are none: set mailstack:backupRepository")
    if state(on_host(settings.FILE)) is None:
        return "off"
    wanted = settings.load()
    known = record.last()
    failed = known.get("failed")
    why = f"; the last run failed: {failed['message']}" if failed else ""
    if not record.repository():
        if failed:
            raise Bad(f"none yet{why}")
        return "the first one is due soon"
    try:
        listing = snapshots.look(Restic(wanted), _SECONDS)
    except MailstackError as error:
        raise Bad(error.message) from None
    texts = []
    for part in snapshots.PARTS:
        found = listing.newest(part)
        if found is None:
            raise Bad(f"{part}: none in the repository{why}")
        hours = (time.time() - found.time) / _HOUR
        if hours > wanted.lateHours:
            raise Bad(f"{part}: the newest is {hours:.0f} h old{why}")
        texts.append(f"{part} {hours:.1f} h old")
    if listing.future:
        raise Bad(f"{', '.join(texts)}, and {len(listing.future)} from the future: is the clock right?")
    if failed:
        raise Warn(f"{', '.join(texts)}{why}")
    moved = (known.get("done", {}).get("mail") or {}).get("moved")
    return ", ".join(texts) + (f"; {moved} messages moved while they were read" if moved else "")


def restored(_name: str) -> str:
    """The newest backup was restored and compared, not long ago (`mailstack restore test`)."""
    if state(on_host(settings.FILE)) is None:
        return "off"
    tried = record.tried()
    last, good = tried.get("last", {}), tried.get("good", 0)
    now = time.time()
    if problems := last.get("problems"):
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise Bad(f"failed {_days(now - last['time'])}: {problems[0]}{more}")
    # One without any has as long, from its first backup on.
    found = [state(on_host(path)) for path in (record.REPOSITORY, _TEST_TIMER)]
    since = now - (good or max((each.st_mtime for each in found if each), default=now))
    if since > _TEST_DAYS * _DAY:
        raise Bad(f"the last good one was {_days(since)}" if good else f"none in {since / _DAY:.0f} days")
    if not good:
        return "the first one is due within a month"
    files = f"{last['files']} files of {last['mailboxes']} mailboxes"
    part = "" if last["mailboxes"] == last["of"] else f" of {last['of']}, for want of room"
    return f"good {_days(now - good)}: {files}{part}, {last['compared']} messages compared"


def _days(seconds: float) -> str:
    return f"{seconds / _DAY:.0f} days ago" if seconds >= _DAY else "today"
