"""`mailstack backup hand-over`: ends this host's work with a last backup, from which the next host continues.

Once nobody can change anything any more (no mail comes in, no user is logged in, no timer runs), everything is backed
up, with the queue. Daemons stay stopped, also after a reboot, until the host is replaced or `resume` takes it back.
"""

import time
from collections.abc import Callable
from typing import Any

from .. import atomic_file, handed_over
from ..apply import manifest
from ..apply.lock import Lock
from ..errors import MailstackError
from ..paths import on_host
from ..programs import must, run
from ..progress import say
from ..safe_path import make_directories, remove
from . import mail_queue
from .own_lock import OwnLock
from .restic import nice
from .run import recorded

_WAIT = 900.0
# Services that take mail, or change it, or would make another backup; others with state are found by it.
_NAMED = ("postfix", "dovecot", "backup")
# Connections and deliveries under way may end.
_PATIENCE = 60.0
_CONDITION = f"[Unit]\nConditionPathExists=!{handed_over.MARK}\n"
_TABLE = "mailstack_hand_over"
_RULES = f"""table inet {_TABLE} {{
  chain input {{
    type filter hook input priority -300;
    iifname != "lo" tcp dport {{ 25, 465, 587 }} tcp flags & (syn | ack) == syn reject with tcp reset
  }}
}}
"""
_SESSIONS = "( sport = :25 or sport = :465 or sport = :587 )"


def hand_over() -> dict[str, Any]:
    """The mark; `done` is the last backup. A failure opens the doors again, with nothing handed over."""
    with Lock("backup hand-over", _WAIT, handed_over=True), OwnLock(_WAIT, handed_over=True):
        found = handed_over.mark()
        if found and found["done"]:
            say("this host has handed over before")
            return found
        nice()
        if found is None:
            say("a first backup, while mail flows: the last one is then short")
            recorded([])
        mark = {"time": time.time(), "units": found["units"] if found else _units(), "done": None}
        try:
            _close(mark)
            say("the last backup")
            done = recorded(mail_queue.paths())
            mark |= {"done": done, "messages": mail_queue.messages()}
            handed_over.write(mark)
        except BaseException:
            say("nothing was handed over: starting the daemons again")
            _open(mark["units"])
            raise
        return mark


def resume() -> bool:
    """Takes the work back; False if nothing was handed over."""
    with Lock("backup resume", _WAIT, handed_over=True), OwnLock(_WAIT, handed_over=True):
        found = handed_over.mark()
        if found is None:
            return False
        _open(found["units"])
        return True


def must_be_handed_over() -> None:
    """Raises on a host at work."""
    found = handed_over.mark()
    if found is None or not found["done"]:
        raise MailstackError(
            "this host is at work, and what it gets from now on would be lost with it; first run "
            "`mailstack backup hand-over` here"
        )


def _units() -> list[str]:
    """That run, in the order in which they stop: first those that take mail."""
    applied = {each.service: each for each in manifest.load_all()}
    # Redis is asked for what it holds; nobody changes it any more when the others have stopped.
    holding = [name for name, each in applied.items() if any(item["kind"] != "redis" for item in each.state)]
    services = [name for name in dict.fromkeys([*_NAMED, *sorted(holding)]) if name in applied]
    return [unit for name in services for unit, running in applied[name].units.items() if running]


def _close(mark: dict[str, Any]) -> None:
    handed_over.write(mark)
    for unit in mark["units"]:
        path = on_host(_drop_in(unit))
        make_directories(path.rpartition("/")[0])
        atomic_file.replace(path, _CONDITION.encode(), 0o644)
    must(["systemctl", "daemon-reload"], "systemd did not read its units")
    must(["nft", "-f", "-"], "new connections cannot be refused", text=_RULES)
    try:
        _wait("SMTP sessions end", _sessions)
        _wait("deliveries end", mail_queue.busy)
        for unit in mark["units"]:
            must(["systemctl", "stop", unit], f"{unit} could not be stopped")
    finally:
        run(["nft", "delete", "table", "inet", _TABLE])


def _open(units: list[str]) -> None:
    run(["nft", "delete", "table", "inet", _TABLE])
    for unit in units:
        remove(on_host(_drop_in(unit)))
    handed_over.clear()
    must(["systemctl", "daemon-reload"], "systemd did not read its units")
    for unit in units:
        must(["systemctl", "start", unit], f"{unit} could not be started")


def _drop_in(unit: str) -> str:
    return f"/etc/systemd/system/{unit}.d/handed-over.conf"


def _sessions() -> int:
    return len(must(["ss", "-Htn", "state", "established", _SESSIONS], "sessions cannot be counted").out.splitlines())


def _wait(what: str, count: Callable[[], int]) -> None:
    end = time.monotonic() + _PATIENCE
    told = False
    while left := count():
        if time.monotonic() > end:
            say(f"{left} did not end within {_PATIENCE:g} s")
            return
        if not told:
            say(f"waiting until {what}")
            told = True
        time.sleep(0.1)
