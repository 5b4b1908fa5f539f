"""One backup or restore at a time. Not the lock of deployments: an `up` may run during a backup."""

import fcntl
import os

from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import make_directories, open_file

_LOCK = "/run/mailstack/backup.lock"


class OwnLock:
    """flock(2); the kernel frees it however the holder ends. Use it in a `with`."""

    def __init__(self) -> None:
        self._descriptor = -1

    def __enter__(self) -> "OwnLock":
        path = on_host(_LOCK)
        make_directories(os.path.dirname(path))
        self._descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise MailstackError("another backup or restore runs; try again when it has ended") from None
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)
