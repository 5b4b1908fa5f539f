"""`mailstack restore state SERVICE`: what a service keeps, as of a backup."""

import time

from ..apply import manifest
from ..errors import MailstackError
from ..programs import must
from ..progress import say
from . import items, repository, settings, snapshots
from .databases import is_whole
from .items import Item
from .own_lock import OwnLock
from .put_back import put_back, staged_path
from .restic import Restic
from .snapshots import time_of
from .staging import bring, stage, staged


def restore(service: str, at: str, really: bool) -> None:
    """Keeps existing files next to the restored ones, and reloads the service's daemons."""
    wanted = items.of_service(service)
    restic = Restic(settings.load())
    with OwnLock(), stage() as where:
        repository.opened(restic, make=False)
        snapshot = snapshots.look(restic).must("state", time_of(at) if at else None)
        if not really:
            paths = ", ".join(item.path for item in wanted)
            raise MailstackError(f"this restores {paths} as of {snapshot.shown}; confirm with --yes", exit_code=2)
        bring(restic, snapshot, [staged_path(item) for item in wanted], where)
        check(wanted, where, snapshot.shown)
        suffix = time.strftime(".before-restore-%Y%m%dT%H%M%S", time.gmtime())
        # Redis writes its file when it stops, so stop it first.
        stopped = _running(service) if any(item.kind == "redis" for item in wanted) else []
        for unit in stopped:
            must(["systemctl", "stop", unit], f"{unit} could not be stopped")
        try:
            done = [item for item in wanted if put_back(item, where, suffix)]
        finally:
            for unit in stopped:
                must(["systemctl", "start", unit], f"{unit} could not be started")
    for item in wanted:
        say(f"{item.path}: {'as of ' + snapshot.shown if item in done else 'not in this backup, unchanged'}")
    if not stopped and any(item.kind == "files" for item in done):
        for unit in _running(service):
            must(["systemctl", "reload-or-restart", unit], f"{unit} could not be reloaded")


def check(wanted: list[Item], where: str, shown: str) -> None:
    """Nothing is touched when a database in the backup is damaged."""
    for item in wanted:
        found = staged(where, staged_path(item))
        if found and item.kind == "sqlite" and not is_whole(found):
            raise MailstackError(f"{item.path} is damaged in the backup of {shown}; take another with --at")


def _running(service: str) -> list[str]:
    applied = manifest.load(service)
    units = applied.units if applied else {}
    return [name for name, running in units.items() if running and name.endswith(".service")]
