"""What the watch remembers from run to run, in a folder that only root can look into. It holds no URL and no token."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .. import atomic_file
from ..paths import STATE, on_host
from ..progress import say
from ..safe_path import make_directories, open_file, read, remove
from .conditions import Condition

FOLDER = STATE + "/alerts"
_FILE = FOLDER + "/watch.json"
_PAUSE = FOLDER + "/pause.json"
_LOCK = "/run/mailstack/watch.lock"
LONGEST_PAUSE = 7 * 86400.0


@dataclass
class State:
    """Everything in it is plain JSON."""

    # When the last run ended.
    ran: float = 0
    # When each check that is not for every run was looked at last.
    looked: dict[str, float] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    # Messages that some channel has not had yet, the oldest first; see delivery.py.
    outbox: list[dict[str, Any]] = field(default_factory=list)
    # Channel -> {"since", "message"} while it does not work.
    failing: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The last good heartbeat.
    heartbeat: float = 0
    # Since when one deployment has been seen at work.
    deploying: float = 0
    # Where the channels' servers are, for when this host's resolver does not say; see addresses.py.
    addresses: dict[str, list[str]] = field(default_factory=dict)
    addresses_of: float = 0
    # The day that runs, what was measured in it, and Rspamd's counters as they were last; see growth.py.
    day: str = ""
    row: dict[str, float] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


def load() -> State:
    """As the last run left it; a fresh one before the first run."""
    try:
        content, _ = read(on_host(_FILE))
    except FileNotFoundError:
        return State()
    try:
        plain = json.loads(content)
        known = {each.name for each in fields(State)}
        state = State(**{key: value for key, value in plain.items() if key in known})
        state.conditions = {name: Condition(**entry) for name, entry in plain.get("conditions", {}).items()}
        state.row = {name: float(number) for name, number in state.row.items()}
        state.counters = {name: int(number) for name, number in state.counters.items()}
    except (ValueError, TypeError, AttributeError) as error:
        # Whatever is wrong now is found, and told, again.
        say(f"alerts: {_FILE} is damaged ({type(error).__name__}); starting afresh")
        return State()
    return state


def save(state: State) -> None:
    """In one step."""
    atomic_file.private_directory(on_host(FOLDER))
    atomic_file.replace(on_host(_FILE), atomic_file.as_json(asdict(state)))


def pause(until: float) -> None:
    """Nothing is told until then."""
    atomic_file.private_directory(on_host(FOLDER))
    atomic_file.replace(on_host(_PAUSE), atomic_file.as_json({"until": until}))


def resume() -> bool:
    """Ends a pause; tells whether there was one."""
    was = paused_until() > 0
    remove(on_host(_PAUSE))
    return was


def paused_until() -> float:
    """0: there is no pause. One that is longer than a pause may be is from a clock that was wrong."""
    try:
        until = float(json.loads(read(on_host(_PAUSE))[0])["until"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return 0
    left = until - time.time()
    return until if 0 < left <= LONGEST_PAUSE + 60 else 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits for another run; the kernel frees the lock however its holder ends."""
    path = on_host(_LOCK)
    make_directories(os.path.dirname(path))
    descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
