"""Whose Sieve scripts have sent more than may leave within the hour, and how much of that waits.

It waits in Postfix's maildrop, where all of it is tried again each minute, so it must have an end: of whom much waits
has a file here, and for those Dovecot's program `sieve-submit` takes no more. The incoming mail waits instead.
"""

import os
import time
from collections import defaultdict
from pathlib import Path

_FOLDER = "/run/mailstack-waiting"
# So many messages of one user are tried each minute within a few seconds.
MOST = 30
# Two rounds of Postfix's pickup and far more: where much was put off, each message takes a second (in_flow_delay).
FORGET_SECONDS = 900.0


def full_users(folder: str = _FOLDER) -> list[str]:
    """Of whom no more is taken. The daemon and its folder come and go."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


class WaitingScripts:
    """Messages that were put off lately, for each user. Each is told again at each attempt."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.seen: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, user: str, message: str) -> None:
        """One message was put off."""
        if user in (".", "..") or "/" in user:
            return
        self.seen[user][message] = time.monotonic()
        self._tell(user)

    def remove(self, user: str, message: str) -> None:
        """One has left that may have been put off before."""
        if self.seen.get(user, {}).pop(message, None) is not None:
            self._tell(user)

    def forget(self) -> None:
        """What was put off and did not come again is no longer there."""
        since = time.monotonic() - FORGET_SECONDS
        for user, messages in list(self.seen.items()):
            for message in [message for message, at in messages.items() if at < since]:
                del messages[message]
            self._tell(user)

    def _tell(self, user: str) -> None:
        if len(self.seen[user]) >= MOST:
            (self.folder / user).touch()
        else:
            (self.folder / user).unlink(missing_ok=True)
        if not self.seen[user]:
            del self.seen[user]
