"""`mailstack restore test`: restores the newest backups to scratch and compares what comes back.

A backup that nobody has restored is a hope. A timer does this every month, and every day after a failure.
"""

import os
import secrets
import time
from collections.abc import Callable
from typing import Any

from ..errors import Interrupted, MailstackError
from ..progress import say
from . import items, record, repository, settings, snapshots, trial_mail, trial_state
from .copies import CONTENTS
from .own_lock import OwnLock
from .put_back import staged_path
from .restic import LONG, Restic, Trouble, nice
from .snapshots import Snapshot
from .staging import bring, stage
from .trial_amounts import Amount, differences, listed, restored

_WAIT = 3600.0
# Restored files take more room than their bytes, and the mail that arrives meanwhile needs some as well.
_SPARE = 1.2
_BLOCK = 4096
_RESERVE = 1 << 30
# Of a backup that does not fit on this host.
_SAMPLE = 3
# More than this is read in twelfths, one each month.
_READ_AT_ONCE = 5_000_000_000


def test() -> dict[str, Any]:
    """The result. Raises an error if anything is wrong; both are recorded for `mailstack status`."""
    with OwnLock(_WAIT):
        nice()
        began = time.time()
        try:
            with stage() as where:
                result = _Trial(where).run()
        except (MailstackError, OSError) as error:
            if not isinstance(error, Interrupted):
                message = error.message if isinstance(error, MailstackError) else str(error)
                record.note_tried({"time": began, "problems": [message]})
            raise
        result |= {"time": began, "seconds": round(time.time() - began, 1)}
        record.note_tried(result)
    problems = result["problems"]
    if problems:
        raise MailstackError(f"the restore test found {len(problems)} problems", problems)
    return result


class _Trial:
    def __init__(self, where: str) -> None:
        self.where = where
        self.restic = Restic(settings.load())
        self.problems: list[str] = []

    def run(self) -> dict[str, Any]:
        repository.opened(self.restic, make=False)
        # A killed check of this host leaves a lock that nothing else gets past.
        self.restic.run("unlock", "--quiet", doing="old locks could not be removed")
        listing = snapshots.look(self.restic)
        state, mail = listing.must("state"), listing.must("mail")
        found = self._state(state) | self._mail(mail)
        self._check(found["bytes"])
        return found | {"state": state.shown, "mail": mail.shown, "problems": self.problems}

    def _state(self, snapshot: Snapshot) -> dict[str, Any]:
        paths = [CONTENTS, *(staged_path(item) for item in items.declared("state"))]
        wanted = listed(self.restic, snapshot, lambda path: _below(path, paths))
        if not self._fits(wanted):
            raise MailstackError("there is no room on this host for a restore of its state")
        if not self._bring(snapshot, paths, wanted, lambda path: _below(path, paths)):
            return {"rows": {}, "keys": 0, "certificates": 0}
        compared = trial_state.Compared(self.where, snapshot)
        self.problems += compared.problems
        return {"rows": compared.rows, "keys": compared.keys, "certificates": compared.certificates}

    def _mail(self, snapshot: Snapshot) -> dict[str, Any]:
        paths = [item.path for item in items.declared("mail")]
        folders: dict[str, str] = {}

        def mailbox(path: str) -> str | None:
            top = _below(path, paths)
            if top is None:
                return None
            parts = path.removeprefix(top + "/").split("/")
            if len(parts) < 3:
                return top
            address = f"{parts[1]}@{parts[0]}"
            folders[address] = f"{top}/{parts[0]}/{parts[1]}"
            return address

        wanted = listed(self.restic, snapshot, mailbox)
        whole = self._fits(wanted)
        chosen = wanted if whole else self._sample({address: wanted[address] for address in folders})
        if not whole:
            say(f"the whole backup does not fit on this host: {len(chosen)} of {len(folders)} mailboxes are tested")
        compared = 0
        places = paths if whole else [folders[address] for address in chosen]
        if places and self._bring(snapshot, places, chosen, mailbox):
            compared, wrong = trial_mail.compare(self.where, places)
            self.problems += wrong
        return {
            "mailboxes": len(folders.keys() & chosen.keys()),
            "of": len(folders),
            "files": sum(each.files for each in chosen.values()),
            "bytes": sum(each.bytes for each in chosen.values()),
            "compared": compared,
        }

    def _bring(
        self, snapshot: Snapshot, paths: list[str], wanted: dict[str, Amount], group: Callable[[str], str | None]
    ) -> bool:
        """Restores, and compares with the list. Whether everything could be restored."""
        try:
            bring(self.restic, snapshot, paths, self.where)
        except Trouble as trouble:
            self.problems.append(trouble.message)
            return False
        wrong = differences(wanted, restored(self.where, group))
        self.problems += [f"{each} in the backup of {snapshot.shown}" for each in wrong]
        return True

    def _check(self, size: int) -> None:
        """Reads the data of older backups as well: what none of the two has is damaged just as silently."""
        part = "100%" if size < _READ_AT_ONCE else f"{time.gmtime().tm_mon}/12"
        doing = "the repository's check failed"
        try:
            self.restic.run("check", "--quiet", f"--read-data-subset={part}", doing=doing, timeout=LONG)
        except Trouble as trouble:
            self.problems.append(trouble.message)

    def _fits(self, wanted: dict[str, Amount]) -> bool:
        files, size = sum(each.files for each in wanted.values()), sum(each.bytes for each in wanted.values())
        disk = os.statvfs(self.where)
        return size * _SPARE + files * _BLOCK + _RESERVE < disk.f_bavail * disk.f_frsize and files < disk.f_favail

    def _sample(self, wanted: dict[str, Amount]) -> dict[str, Amount]:
        order = sorted(wanted)
        secrets.SystemRandom().shuffle(order)
        chosen: dict[str, Amount] = {}
        for address in order:
            more = chosen | {address: wanted[address]}
            if len(more) <= _SAMPLE and self._fits(more):
                chosen = more
        return chosen


def _below(path: str, paths: list[str]) -> str | None:
    """The one of the paths that this one is, or is below."""
    return next((each for each in paths if path == each or path.startswith(each + "/")), None)
