"""Waits until Rspamd listens; reloads it if it holds its patterns in memory of its own.

A start without compiled patterns (the first one, and the first of a new version) compiles 9600 domain suffixes, and
each process then keeps 40 MB of them. The next reload maps the written file once for all processes: 150 MB less.
A restart would do so too, but mail is put off meanwhile.
"""

import glob
import os
import socket
import time

from ..errors import MailstackError
from ..paths import on_host
from ..programs import must

UNIT = "rspamd.service"
# Compiling took 16 s on two busy cores; a slow disk or a resolver that does not answer yet come on top.
# The applier gives up after 120 s.
PATIENCE_SECONDS = 110.0
# The files of suffixes have 43 MB each; the small ones are other patterns.
_SMALLEST = 10_000_000


def settle(port: int) -> None:
    """Raises when the port stays closed."""
    _wait(port)
    if _is_wasteful():
        must(["systemctl", "reload", UNIT], "settle")
        _wait(port)


def check(port: int) -> None:
    """Only whether Rspamd listens; while nothing is compiled yet, that is not asked for."""
    if compiled() and not _listens(port):
        raise MailstackError(f"nothing listens on 127.0.0.1:{port}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError:
        return False
    return True


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _listens(port):
        if time.monotonic() > deadline:
            within = f"within {PATIENCE_SECONDS:g} s; see journalctl -u {UNIT}"
            raise MailstackError(f"Rspamd did not listen on 127.0.0.1:{port} {within}")
        time.sleep(0.1)


def _is_wasteful() -> bool:
    """Whether the main process maps none of the files; while it reloads, it may map none for a moment."""
    pid = must(["systemctl", "show", "--property=MainPID", "--value", UNIT], "settle").out.strip()
    with open(on_host(f"/proc/{pid}/maps"), encoding="utf-8") as file:
        mapped = file.read()
    files = compiled()
    return bool(files) and not any(path in mapped for path in files)


def compiled() -> list[str]:
    """The files of suffixes."""
    found = glob.glob(on_host("/var/lib/rspamd/*.hsmp"))
    return [path.removeprefix(on_host("")) for path in found if os.stat(path).st_size > _SMALLEST]
