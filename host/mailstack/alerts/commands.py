"""The commands about alerts; see ../commands.py."""

import re
import time
from argparse import Namespace
from typing import Any

from ..commands import say_result
from ..errors import MailstackError

_UNITS = {"m": 60, "h": 3600, "d": 86400}


def add(commands: Any, command: Any, as_json: Any) -> None:
    """`mailstack watch` and `mailstack alert ...`; `command` and `as_json` are those of ../__main__.py."""
    text = "look at everything that `status` does, and alert people to what changed (run each minute by a timer)"
    command(commands, "watch", watch, text)
    text = "what grows, and how many days are left until its limits"
    as_json(command(commands, "growth", growth, text))
    alerts = command(commands, "alert", None, "who is told when something is wrong").add_subparsers(
        metavar="COMMAND", required=True
    )
    as_json(command(alerts, "list", list_, "what is wrong by what was told, and what could not be delivered"))
    command(alerts, "test", test, "send a test by every channel; exit code 1 if one does not work")
    text = "tell nobody anything for a while, during maintenance"
    command(alerts, "pause", pause, text).add_argument("time", help="`30m`, `2h`, at most `7d`")
    command(alerts, "resume", resume, "end a pause")
    command(alerts, "check", check, "whether the deployed URLs can be used; called by `apply`")


def watch(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .watch import run

    run()
    return 0


def growth(options: Namespace) -> int:
    """stdout: one line for each metric; `-` where nothing is known, or nothing grows."""
    from . import settings, state
    from .growth import report

    settings.load()
    entries = report(state.load())
    if options.json:
        say_result(entries)
        return 0
    line = "{:8}{:>8}{:>12}{:>12}{:>12}  {}"
    say_result(line.format("", "now", "in 30 days", "warning", "critical", "what to change"))
    for each in entries:
        now = "-" if each["current"] is None else f"{each['current']:.0f}{each['unit']}"
        trend = "-" if each["trend"] is None else f"{each['trend']:+.1f}"
        limits = [_limit(each[name], each[f"{name}_days"]) for name in ("warning", "critical")]
        say_result(line.format(each["metric"], now, trend, *limits, each["action"]))
    return 0


def _limit(limit: float, days: int | None) -> str:
    return f"{limit:.0f} " + ("(-)" if days is None else f"({days} d)")


def list_(options: Namespace) -> int:
    """stdout: one line for each fault that was told, for each channel that fails, and for a pause."""
    from . import messages, settings, state
    from .conditions import OK, WORDS

    settings.load()
    known = state.load()
    until = state.paused_until()
    told = sorted((name, one) for name, one in known.conditions.items() if one.told > OK)
    if options.json:
        say_result(
            {
                "conditions": [
                    {"check": name, "state": WORDS[one.told], "detail": one.detail, "since": messages.iso(one.since)}
                    for name, one in told
                ],
                "failing": {name: each["message"] for name, each in known.failing.items()},
                "waiting": len(known.outbox),
                "paused": messages.iso(until) if until else "",
                "ran": messages.iso(known.ran) if known.ran else "",
            }
        )
        return 0
    if until:
        say_result(f"paused until {messages.iso(until)}")
    for name, one in told:
        say_result(f"{WORDS[one.told]:9}{name:16} {one.detail} (since {messages.iso(one.since)})")
    for name, each in known.failing.items():
        say_result(f"{'FAILING':9}{name:16} {each['message']} (since {messages.iso(each['since'])})")
    if known.outbox:
        say_result(f"{len(known.outbox)} messages wait for a channel")
    if not told and not known.failing:
        say_result("nothing is wrong, by what was told")
    return 0


def test(_options: Namespace) -> int:
    """stdout: one line a channel."""
    from .. import status
    from . import delivery, https, messages, settings, state
    from .undelivered import Undelivered

    wanted = settings.load()
    known = state.load().addresses
    well = {entry["check"] for entry in status.look(["backup", "published", "alerts"]) if entry["ok"]}
    message = messages.test(wanted.hostname, time.time())
    outcomes = delivery.attempt(wanted, {name: [message] for name in delivery.names(wanted)}, well, known)
    results = {
        name: one.problem or ("waits: Postfix does not work" if one.waits else "") for name, one in outcomes.items()
    }
    if url := wanted.urls.get("heartbeat-url"):
        try:
            https.request(url, known, time.monotonic() + 15)
            results["heartbeat"] = ""
        except Undelivered as problem:
            results["heartbeat"] = str(problem)
    for name, problem in results.items():
        say_result(f"{'BAD' if problem else 'ok':5}{name}{': ' + problem if problem else ''}")
    if not results:
        raise MailstackError("there is no channel: set mailstack:alertMail or one of the URLs")
    return 1 if any(results.values()) else 0


def pause(options: Namespace) -> int:
    """stdout: when it ends."""
    from . import messages, settings, state

    settings.load()
    seconds = _seconds(options.time)
    until = time.time() + seconds
    state.pause(until)
    say_result(f"paused until {messages.iso(until)}")
    return 0


def resume(_options: Namespace) -> int:
    """stdout: whether there was a pause."""
    from . import state

    say_result("resumed" if state.resume() else "was not paused")
    return 0


def check(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .settings import check as check_urls

    check_urls()
    return 0


def _seconds(text: str) -> float:
    from .state import LONGEST_PAUSE

    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    seconds = float(int(found[1]) * _UNITS[found[2]]) if found else 0.0
    if not 0 < seconds <= LONGEST_PAUSE:
        raise MailstackError(f"{text} is no time like 30m, 2h or 7d (the longest)", exit_code=2)
    return seconds
