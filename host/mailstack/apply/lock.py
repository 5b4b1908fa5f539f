"""One command at a time changes the host."""

import fcntl
import os
import time

from ..errors import MailstackError
from ..handed_over import refuse
from ..paths import LOCK, on_host
from ..progress import say
from ..safe_path import make_directories, open_file
from .steps import reached

# A package transaction of another command may take minutes on a small host.
DEFAULT_TIMEOUT = 900.0


class Busy(MailstackError):
    """Another command has the lock for longer than this one waits."""


class Lock:
    """flock(2) on /run/mailstack/lock; the kernel frees it however the holder ends. Use it in a `with`.

    A host that has handed over its work refuses, except where `handed_over` says that the command is for such a host.
    """

    def __init__(self, purpose: str, timeout: float, handed_over: bool = False) -> None:
        self.purpose = purpose
        self.timeout = timeout
        self.handed_over = handed_over
        self.descriptor = -1

    def __enter__(self) -> "Lock":
        path = on_host(LOCK)
        make_directories(os.path.dirname(path))
        self.descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        deadline = time.monotonic() + self.timeout
        told = False
        while not self._taken():
            holder = os.pread(self.descriptor, 200, 0).decode("utf-8", "replace").strip() or "another command"
            if time.monotonic() >= deadline:
                raise Busy(f"{holder} still runs after {self.timeout:g} s of waiting; nothing was changed")
            if not told:
                say(f"waiting for {holder}")
                told = True
            time.sleep(0.05)
        if not self.handed_over:
            refuse()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"`mailstack {self.purpose}` (pid {os.getpid()})\n".encode(), 0)
        reached("lock")
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self.descriptor)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
