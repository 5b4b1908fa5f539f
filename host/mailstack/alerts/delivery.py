"""Brings each message to each channel once. What did not arrive is tried again in later runs, there alone."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import https, mail, sms
from .conditions import CRITICAL, OK, WARNING
from .settings import Settings
from .state import State
from .undelivered import NotNow, Undelivered

# For everything that one run has to deliver, all channels side by side.
_DEADLINE_SECONDS = 25.0
# Tried each run for an hour, as greylisting needs it, then less often; the message is out of date after a day.
_EAGER = 3600.0
_PATIENT = 900.0
_EXPIRES = 86400.0
_MOST_WAITING = 200

Send = Callable[[dict[str, Any]], None]


@dataclass
class _Outcome:
    """What one channel's thread has reached; read when the time is over."""

    done: list[str] = field(default_factory=list)
    problem: str = ""
    waits: bool = False
    ended: bool = False


def names(settings: Settings) -> list[str]:
    """Every channel that gets messages."""
    https_ones = [name.removesuffix("-url") for name in settings.urls if name != "heartbeat-url"]
    return [f"mail to {address}" for address in settings.mail] + https_ones + sms.names(settings.sms)


def enqueue(state: State, settings: Settings, message: dict[str, Any]) -> None:
    """From now on it waits for every channel that it is for."""
    wanted = [name for name in names(settings) if message.get("sms") or not sms.number_of(name)]
    message["pending"] = {name: {"next": 0} for name in wanted}
    state.outbox = [*state.outbox, message][-_MOST_WAITING:]


def deliver(state: State, settings: Settings, well: set[str], now: float) -> None:
    """Tries what is due, and notes what became of it. `well`: the checks that are."""
    _tidy(state, settings, now)
    due = {name: _due(state, name, now) for name in names(settings)}
    outcomes = attempt(settings, {name: found for name, found in due.items() if found}, well, state.addresses)
    for name, outcome in outcomes.items():
        for message in state.outbox:
            if message["id"] in outcome.done:
                del message["pending"][name]
            elif name in message["pending"] and outcome.problem:
                late = now - message["time"] > _EAGER
                message["pending"][name]["next"] = now + _PATIENT if late else 0
        note(state, name, outcome.problem, now)
    _tidy(state, settings, now)


def note(state: State, name: str, problem: str, now: float) -> None:
    """Whether a channel works, for `mailstack status`."""
    if problem:
        since = state.failing.get(name, {}).get("since", now)
        state.failing[name] = {"since": since, "message": problem}
    else:
        state.failing.pop(name, None)


def attempt(
    settings: Settings, todo: dict[str, list[dict[str, Any]]], well: set[str], known: dict[str, list[str]]
) -> dict[str, _Outcome]:
    """Every channel by itself: a slow one keeps no other waiting, and none has more than its share of time."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    outcomes = {name: _Outcome() for name in todo}
    threads = []
    for name, messages in todo.items():
        send = _sender(name, settings, well, known, deadline)
        thread = threading.Thread(target=_work, args=(send, messages, outcomes[name]), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(max(0.0, deadline + 1 - time.monotonic()))
    # A copy: a thread that is late must not change what is being noted.
    return {
        name: _Outcome(list(one.done), one.problem or ("" if one.ended else "did not end in time"), one.waits, True)
        for name, one in outcomes.items()
    }


def _work(send: Send, messages: list[dict[str, Any]], outcome: _Outcome) -> None:
    try:
        for message in messages:
            send(message)
            outcome.done.append(message["id"])
    except NotNow:
        outcome.waits = True
    except Undelivered as problem:
        outcome.problem = str(problem)
    except BaseException as error:
        # A fault of ours: its trace goes to the journal.
        outcome.problem = f"failed ({type(error).__name__}); see journalctl -u mailstack-watch"
        raise
    finally:
        outcome.ended = True


def _due(state: State, name: str, now: float) -> list[dict[str, Any]]:
    """In order, and none before an older one that has to wait."""
    waiting = [message for message in state.outbox if name in message["pending"]]
    return waiting if waiting and waiting[0]["pending"][name]["next"] <= now else []


def _tidy(state: State, settings: Settings, now: float) -> None:
    known = names(settings)
    for message in state.outbox:
        message["pending"] = {name: kept for name, kept in message["pending"].items() if name in known}
    state.outbox = [one for one in state.outbox if one["pending"] and now - one["time"] < _EXPIRES]
    state.failing = {name: kept for name, kept in state.failing.items() if name in known or name == "heartbeat"}


def _sender(name: str, settings: Settings, well: set[str], known: dict[str, list[str]], deadline: float) -> Send:
    if name.startswith("mail to "):
        recipient = name.removeprefix("mail to ")
        is_local = settings.is_local(recipient)
        way = mail.Way(is_local, well.issuperset(mail.LOCAL_WAY if is_local else mail.WAY_OUT), known, deadline)
        return lambda message: mail.send(message, recipient, settings.hostname, way)
    number = sms.number_of(name)
    if settings.sms and number:
        account = settings.sms
        return lambda message: sms.send(message, number, account, known, deadline)
    url = settings.urls[f"{name}-url"]
    form = _FORMS[name]

    def post(message: dict[str, Any]) -> None:
        body, headers = form(message)
        https.request(url, known, deadline, body, headers)

    return post


def _webhook(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    return json.dumps(message["payload"] | {"id": message["id"]}).encode(), {"Content_Type": "application/json"}


def _slack(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    # Slack reads these three as markup.
    text = f"*{message['subject']}*\n{message['text']}"
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, entity)
    return json.dumps({"text": text}).encode(), {"Content_Type": "application/json"}


def _ntfy(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    priority = {OK: "default", WARNING: "high", CRITICAL: "urgent"}[message["level"]]
    title = message["subject"].encode("ascii", "replace").decode()
    headers = {"Title": title, "Priority": priority, "Content_Type": "text/plain; charset=utf-8"}
    return message["text"].encode(), headers


_FORMS = {"webhook": _webhook, "slack": _slack, "ntfy": _ntfy}
