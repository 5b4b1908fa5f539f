"""systemd units: what a change needs, doing it, and undoing it."""

import time
from dataclasses import dataclass, field

from ..errors import MailstackError
from ..programs import Result, run
from ..progress import say
from .bundle import Unit
from .manifest import Manifest

_PROPERTIES = "LoadState,ActiveState,UnitFileState,CanReload,NeedDaemonReload,Type,Result"
_UNIT_FOLDERS = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/", "/usr/local/lib/systemd/")
# Dovecot and Rspamd stop slowly under load; systemd's own limit for a stop is 90 s.
_TIMEOUT = 150.0
# A reload is over before the daemon's processes have heard of it; until then an old one of Postfix may answer the
# health check with what the old files said.
_HEARD_SECONDS = 0.3
_HELD = "Address already in use"
_TRIES = 5


@dataclass
class UnitWork:
    """`action`: start, reload, restart, stop or empty; `enable`: None leaves it; and how the unit was."""

    action: str
    enable: bool | None
    active: bool
    enabled: bool


@dataclass
class Work:
    """What is done to units."""

    units: dict[str, UnitWork] = field(default_factory=dict)
    daemon_reload: bool = False

    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(unit.action or unit.enable is not None for unit in self.units.values())


def query(names: list[str]) -> dict[str, dict[str, str]]:
    """The units' properties as systemctl shows them."""
    if not names:
        return {}
    result = run(["systemctl", "show", "--property", _PROPERTIES, *names])
    blocks = result.out.strip().split("\n\n")
    if result.code != 0 or len(blocks) != len(names):
        raise MailstackError(f"systemd does not tell about {' '.join(names)}", result.words())
    return {
        name: dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks, strict=True)
    }


def is_active(state: dict[str, str]) -> bool:
    """Running; a one-shot unit that has done its work counts."""
    done = state.get("Type") == "oneshot" and state["ActiveState"] == "inactive" and state.get("Result") == "success"
    return state["ActiveState"] in ("active", "reloading") or (done and state.get("LoadState") == "loaded")


def decide(wanted: dict[str, Unit], old: Manifest | None, changed: set[str]) -> Work:
    """What the units need when these paths change. Units of the old manifest that are named no more go back."""
    before = old.units_before if old else {}
    dropped = [name for name in before if name not in wanted]
    states = query([*wanted, *dropped])
    work = Work()
    for name, unit in wanted.items():
        state = states[name]
        active, enabled = is_active(state), state["UnitFileState"] == "enabled"
        if unit.running and state["LoadState"] == "masked":
            raise MailstackError(f"{name} is masked on this host; `systemctl unmask {name}` if it is to run")
        action, enable = "", None
        if unit.running:
            action = _on_change(name, unit, changed) if active else "start"
            # A one-shot unit that was never started is `inactive` with Result=success too.
            enable = True if state["UnitFileState"] == "disabled" or state["LoadState"] == "not-found" else None
            if enable and _is_done_oneshot(state):
                action = "start"
        else:
            action = "stop" if state["ActiveState"] != "inactive" else ""
            enable = False if enabled else None
        if state["NeedDaemonReload"] == "yes" and action:
            work.daemon_reload = True
        work.units[name] = UnitWork(action, enable, active, enabled)
    for name in dropped:
        state = states[name]
        active, enabled = is_active(state), state["UnitFileState"] == "enabled"
        action = ("restart" if changed else "") if before[name].active else "stop"
        enable = False if enabled and not before[name].enabled else None
        if not active:
            action = "start" if before[name].active else "stop" if state["ActiveState"] == "failed" else ""
        work.units[name] = UnitWork(action, enable, active, enabled)
    work.daemon_reload |= any(path.startswith(_UNIT_FOLDERS) for path in changed)
    return work


def _is_done_oneshot(state: dict[str, str]) -> bool:
    return state.get("Type") == "oneshot" and state["ActiveState"] == "inactive"


def _on_change(name: str, unit: Unit, changed: set[str]) -> str:
    if not changed:
        return ""
    own = [path for path in changed if path.startswith(_UNIT_FOLDERS) and f"/{name}" in path]
    if own or changed & unit.restart_on:
        return "restart"
    return "" if unit.on_change == "none" else unit.on_change


def perform(work: Work) -> None:
    """Does it. Raises with systemd's and the unit's own words."""
    since = time.time()
    if work.daemon_reload:
        _systemctl("daemon-reload")
    for name, unit in work.units.items():
        if unit.enable is True:
            _check(name, "enable", _systemctl("enable", name), since)
        if unit.action:
            say(f"{unit.action} {name}")
            _act(name, unit.action, since)
        stops = unit.action == "stop" or not (unit.action or unit.active)
        if stops and name.endswith(".timer"):
            _end_orphan(name.removesuffix(".timer") + ".service", since)
        if unit.enable is False:
            _check(name, "disable", _systemctl("disable", name), since)


def _act(name: str, action: str, since: float) -> None:
    if action == "reload":
        if query([name])[name]["CanReload"] == "yes":
            if _systemctl("reload", name).code == 0:
                time.sleep(_HEARD_SECONDS)
                return
            say(f"{name} did not reload, restarting it")
        action = "restart"
    if action in ("start", "restart"):
        # After a few failures in a row systemd refuses to start a unit.
        _systemctl("reset-failed", name)
    # systemd cannot stop what has ended and whose file is gone.
    if action != "stop" or query([name])[name]["ActiveState"] not in ("inactive", "failed"):
        result = _systemctl(action, name)
        if result.code != 0 and name.endswith(".socket"):
            result = _listen_again(name, result, since)
        _check(name, action, result, since)
    if action == "stop":
        # A timer whose service is gone counts as failed, for ever.
        _systemctl("reset-failed", name)


def _listen_again(name: str, result: Result, since: float) -> Result:
    """The kernel may hold the address of a socket for a moment after systemd has closed it."""
    for _ in range(_TRIES):
        if not any(_HELD in line for line in last_words(name, since)):
            break
        time.sleep(_HEARD_SECONDS)
        say(f"{name}: its address is held by a socket that was just closed; once more")
        _systemctl("reset-failed", name)
        result = _systemctl("start", name)
        if result.code == 0:
            break
    return result


def _end_orphan(name: str, since: float) -> None:
    """A timer's service that is at work, or has failed, while its file is gone: nobody would ever look after it."""
    state = query([name])[name]
    if state["LoadState"] == "not-found" and state["ActiveState"] != "inactive":
        if state["ActiveState"] != "failed":
            _check(name, "stop", _systemctl("stop", name), since)
        _systemctl("reset-failed", name)


def put_back(units: dict[str, UnitWork], daemon_reload: bool) -> list[str]:
    """Units as they were, on the files that were put back before. Returns what went wrong, it does not raise."""
    since = time.time()
    problems = []
    if daemon_reload:
        _systemctl("daemon-reload")
    states = query(list(units))
    for name, unit in units.items():
        try:
            if unit.active and unit.action:
                _act(name, unit.action if is_active(states[name]) and unit.action == "reload" else "restart", since)
            elif not unit.active and states[name]["ActiveState"] != "inactive":
                _act(name, "stop", since)
                _systemctl("reset-failed", name)
            if unit.enabled != (states[name]["UnitFileState"] == "enabled") and unit.enable is not None:
                _systemctl("enable" if unit.enabled else "disable", name)
        except MailstackError as error:
            problems += [error.message, *error.details]
    return problems


def must_run(wanted: dict[str, Unit]) -> None:
    """Raises for a unit that should run and does not (it may have died after its start)."""
    names = [name for name, unit in wanted.items() if unit.running]
    deadline = time.monotonic() + 10
    while True:
        states = query(names)
        starting = [name for name in names if states[name]["ActiveState"] == "activating"]
        dead = [name for name in names if name not in starting and not is_active(states[name])]
        if not starting and not dead:
            return
        if dead or time.monotonic() > deadline:
            name = (dead or starting)[0]
            raise MailstackError(f"{name} is {states[name]['ActiveState']}", last_words(name, time.time() - 60))
        time.sleep(0.1)


def last_words(name: str, since: float) -> list[str]:
    """The end of the unit's log."""
    # Messages of a moment ago may not be in the journal's files yet.
    run(["journalctl", "--sync"], 10)
    argv = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--since=@{since - 1:.0f}"]
    # Not --lines: together with --since Debian 12's journalctl takes it as the first lines, not the last.
    return run([*argv, f"--unit={name}"], 10).out.splitlines()[-12:]


def _systemctl(verb: str, *names: str) -> Result:
    return run(["systemctl", "--no-ask-password", verb, *names], _TIMEOUT)


def _check(name: str, action: str, result: Result, since: float) -> None:
    if result.code != 0:
        raise MailstackError(f"{name}: {action} failed", [*result.words(8), *last_words(name, since)])
