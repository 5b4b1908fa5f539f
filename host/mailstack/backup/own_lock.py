"""One backup or restore at a time. Not the lock of deployments: an `up` may run during a backup."""

import fcntl
import os
import time

from ..errors import MailstackError
from ..handed_over import refuse
from ..paths import on_host
from ..progress import say
from ..safe_path import make_directories, open_file

_LOCK = "/run/mailstack/backup.lock"
_PAUSE = 1.0


class OwnLock:
    """flock(2); the kernel frees it however the holder ends. Use it in a `with`.

    As the lock of deployments, it refuses on a host that has handed over its work.
    """

    def __init__(self, wait: float = 0, handed_over: bool = False) -> None:
        self._wait = wait
        self._handed_over = handed_over
        self._descriptor = -1

    def __enter__(self) -> "OwnLock":
        path = on_host(_LOCK)
        make_directories(os.path.dirname(path))
        self._descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        deadline = time.monotonic() + self._wait
        told = False
        while not self._taken():
            if time.monotonic() >= deadline:
                os.close(self._descriptor)
                raise MailstackError("another backup or restore runs; try again when it has ended")
            if not told:
                say("waiting for another backup or restore")
                told = True
            time.sleep(_PAUSE)
        if not self._handed_over:
            refuse()
        return self

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)
