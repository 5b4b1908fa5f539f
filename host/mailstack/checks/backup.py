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
