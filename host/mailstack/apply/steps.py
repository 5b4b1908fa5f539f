"""The points of `apply` that a fault can hit. Tests kill the program at each of them."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Interrupted

STEPS = {
    "lock": "the lock is held, nothing is looked at",
    "recovered": "an earlier interrupted run is repaired",
    "packages": "missing packages are installed",
    "identities": "groups and users exist",
    "planned": "what must change is known",
    "journal": "the journal is on disk, nothing is changed",
    "directories": "directories are made",
    "staged": "the new files are beside their targets",
    "kept": "the old files are kept beside them",
    "swapping": "the journal says that files are being swapped",
    "swapped-first": "the first file is swapped, the others are not",
    "swapped": "all files are swapped",
    "prepared": "the prepare programs have run",
    "validated": "the validators have agreed",
    "units": "the journal says that units are being touched",
    "units-done": "units are reloaded or restarted",
    "healthy": "the health checks have passed",
    "after": "the after programs have run",
    "accounts": "the accounts database is as declared",
    "committed": "the journal says that the new state stands",
    "manifest": "the manifest is written",
    "cleaned": "kept files are gone, the journal is not",
    "done": "the journal is gone",
    "restored-first": "while putting back: the first file is back",
    "restored": "while putting back: all files are back, units are not",
    "put-back": "while putting back: units are back, the journal is not gone",
}

# While something is put back, a second signal or a closed connection must not stop that.
_uninterruptible = False
# The signal that came while a package transaction ran, which must not be cut.
_waiting: int | None = None
_deferring = False


def reached(step: str) -> None:
    """Marks a step: SIGKILL where a test asks for it; `Interrupted` when the caller is gone."""
    assert step in STEPS, step  # noqa: S101 (a typing error in this program)
    if os.environ.get("MAILSTACK_TEST_KILL_AT") == step:
        os.kill(os.getpid(), signal.SIGKILL)
    if not _uninterruptible and _caller_is_gone():
        raise Interrupted("the connection to the caller was closed", signal.SIGHUP)


def finish_undisturbed() -> None:
    """From here on signals are noted by nobody: the program is putting things back or making them final."""
    global _uninterruptible  # noqa: PLW0603
    _uninterruptible = True


def catch_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP become `Interrupted`, so that everything is put back."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


@contextmanager
def deferred() -> Iterator[None]:
    """A signal that comes inside takes effect at the end."""
    global _deferring, _waiting  # noqa: PLW0603
    _deferring = True
    try:
        yield
    finally:
        _deferring = False
        number, _waiting = _waiting, None
    if number is not None:
        _on_signal(number, None)


def _on_signal(number: int, _frame: object) -> None:
    global _waiting  # noqa: PLW0603
    if _deferring:
        _waiting = number
    elif not _uninterruptible:
        raise Interrupted(signal.Signals(number).name, number)


def _caller_is_gone() -> bool:
    """sshd sends no signal to a program without a terminal when the connection ends: it closes the pipes."""
    poller = select.poll()
    for descriptor in (1, 2):
        poller.register(descriptor, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poller.poll(0))
