"""What surrounds a package transaction: no daemon starts, and man-db does not index for half a minute.

Debian starts a daemon as soon as its package is unpacked, with its default configuration, in public. policy-rc.d (see
invoke-rc.d(8)) forbids that. The file asks whether our apt-get still runs, so that it forbids nothing after a kill or a
power loss, even before the next run removes it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..paths import on_host
from ..safe_path import make_directories, remove, rename, state, write_new

POLICY = "/usr/sbin/policy-rc.d"
# man-db's trigger works only where this file exists.
_MAN_DB = "/var/lib/man-db/auto-update"
_MARK = "# Made by mailstack"
# Exit codes of invoke-rc.d(8): 101 is "forbidden", 104 is "allowed".
_PID = "/run/mailstack/apt.pid"


def _script() -> str:
    return f"""#!/bin/sh
{_MARK} for one package transaction: daemons start when their configuration is there.
# A timer opens nothing to the world, and nothing would start it later.
case "$1" in *.timer) exit 104 ;; esac
pid=$(cat {on_host(_PID)} 2>/dev/null) && grep -q apt-get "/proc/$pid/cmdline" 2>/dev/null && exit 101
exit 104
"""


@contextmanager
def guarded() -> Iterator[None]:
    """The transaction goes inside. An administrator's own policy-rc.d stays in force."""
    policy, man_db = on_host(POLICY), on_host(_MAN_DB)
    clear()
    make_directories(on_host("/run/mailstack"))
    make_directories(os.path.dirname(policy))
    if state(policy) is None:
        write_new(policy, _script().encode(), 0o755)
    if state(man_db) is not None:
        rename(man_db, man_db + ".mailstack")
    try:
        yield
    finally:
        clear()


def clear() -> None:
    """Removes what a transaction has left behind, ours only. Each run does so before anything else."""
    policy, man_db = on_host(POLICY), on_host(_MAN_DB)
    if os.path.isfile(policy):
        with open(policy, encoding="utf-8", errors="replace") as file:
            ours = _MARK in file.read(200)
        if ours and not _transaction_runs():
            remove(policy)
    if state(man_db + ".mailstack") is not None:
        rename(man_db + ".mailstack", man_db)
    if not _transaction_runs():
        remove(on_host(_PID))


def _transaction_runs() -> bool:
    """After a kill of this program its apt-get may still be at work."""
    try:
        with open(on_host(_PID), encoding="ascii") as file:
            number = file.read().strip()
    except FileNotFoundError:
        return False
    try:
        with open(f"/proc/{number or 'none'}/cmdline", "rb") as file:
            return b"apt-get" in file.read()
    except FileNotFoundError:
        return False
