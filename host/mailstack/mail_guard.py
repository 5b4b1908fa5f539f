"""Between Postfix and Rspamd: refuses mail that is built to keep Rspamd busy, sends the rest to a worker that is free.

Rspamd parses a message in one go, and whoever else is connected to the same worker waits. So a message is only handed
over when it is there as a whole, through a connection of its own: small mail to one worker, large mail to the other.
Rspamd itself kills a worker that hangs (`heartbeats_loss_max`); what that worker had is tried once more, alone.

What users send is made to fit into SMTP on the way, since Rspamd signs it.
"""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import closing

from . import milter
from .guarded_message import Message
from .long_lines import Unfit
from .mime_limits import TooComplex

# Longer than Rspamd's own limits, shorter than Postfix's (milter_content_timeout).
ANSWER_SECONDS = 120
CONNECT_SECONDS = 5
# What is larger could keep a worker for a second.
_SMALL_BYTES = 100_000
_SMALL_PARTS = 50
_SMALL_HEADERS = 200
# A message with nothing in it takes a hundredth of that. On a host that is so busy an honest message may seem to hang.
_BUSY_SECONDS = 1

_REFUSED = "554 5.6.0 This message cannot be checked: it has {}"
_DEADLY = "554 5.6.0 This message cannot be checked: the spam filter did not get over it"
_UNFIT = "554 5.6.0 This message cannot be sent: {}"
_NOBODY = milter.packet(milter.MAIL, b"<>\0")
_LATER = milter.packet(milter.TEMPORARY_FAILURE)


class WorkerDied(Exception):
    """The worker ended with the message at work."""


class Lane:
    """One worker of Rspamd, and how many messages it has at the moment."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.running = 0
        self._lock = threading.Lock()

    def count(self, change: int) -> None:
        with self._lock:
            self.running += change


class Lanes:
    """The workers. At most one message that has seen a worker die is tried again at the same time."""

    def __init__(self, small: tuple[str, int], large: tuple[str, int]) -> None:
        self.small = Lane(small)
        self.large = Lane(large)
        self.second_try = threading.Lock()
        # Held by who checks a large message.
        self.check = threading.Lock()


def serve(postfix: socket.socket, lanes: Lanes) -> None:
    """One connection of Postfix, until it ends."""
    session: dict[bytes, bytes] = {}
    packets = milter.packets(postfix)
    while True:
        # Each message begins with nothing, whatever became of the last one.
        with closing(Message()) as message:
            for letter, data in packets:
                stage = data[:1] if letter == milter.MACROS else letter
                if letter == milter.OPTIONS:
                    postfix.sendall(milter.agree(data))
                elif letter == milter.QUIT:
                    return
                elif letter == milter.ABORT:
                    break
                elif letter == milter.NEXT_SESSION:
                    session.clear()
                    break
                elif stage in (milter.CONNECT, milter.HELO):
                    session[letter + stage] = milter.packet(letter, data)
                elif letter == milter.END_OF_MESSAGE:
                    postfix.sendall(_answer(session.values(), message, milter.packet(letter, data), lanes))
                    break
                elif letter != milter.UNKNOWN:
                    message.add(stage, letter, data)
            else:
                return


def _answer(session: Iterable[bytes], message: Message, end: bytes, lanes: Lanes) -> bytes:
    try:
        parts = message.check(lanes.check)
        edits = message.make_fit(lanes.check) if message.by_user else b""
    except TooComplex as error:
        return milter.reply_code(_REFUSED.format(error))
    except Unfit as error:
        return milter.reply_code(_UNFIT.format(error))
    return edits + _hand_over(session, message, end, lanes, parts)


def _hand_over(session: Iterable[bytes], message: Message, end: bytes, lanes: Lanes, parts: int) -> bytes:
    small = message.size <= _SMALL_BYTES and parts <= _SMALL_PARTS and len(message.head) <= _SMALL_HEADERS
    begin = b"".join(session)
    end = bytes(message.rest) + end
    try:
        return _scan(lanes.small if small else lanes.large, begin, message, end)
    except WorkerDied:
        pass
    except OSError:
        return _LATER
    with lanes.second_try:
        # The first of a new worker's messages may kill it too; and without any worker there is nothing to try.
        if _seconds_for_nothing(lanes.large) is None and _seconds_for_nothing(lanes.large) is None:
            return _LATER
        try:
            return _scan(lanes.large, begin, message, end)
        except WorkerDied:
            if lanes.large.running > 0:
                return _LATER
        except OSError:
            return _LATER
        return milter.reply_code(_DEADLY) if _is_well(lanes.large) else _LATER


def _is_well(lane: Lane) -> bool:
    """Whether a worker gets over a message with nothing in it, and the host has time for it."""
    seconds = _seconds_for_nothing(lane) and _seconds_for_nothing(lane)
    return seconds is not None and seconds < _BUSY_SECONDS


def _seconds_for_nothing(lane: Lane) -> float | None:
    """How long a worker takes for a message with nothing in it; None if it does not get over it."""
    began = time.monotonic()
    try:
        with closing(Message()) as message:
            _scan(lane, _NOBODY, message, milter.packet(milter.END_OF_MESSAGE))
    except (WorkerDied, OSError):
        return None
    return time.monotonic() - began


def _scan(lane: Lane, begin: bytes, message: Message, end: bytes) -> bytes:
    """All of Rspamd's answer. Raises WorkerDied, or OSError if there is no worker."""
    with socket.create_connection(lane.address, CONNECT_SECONDS) as link:
        link.settimeout(ANSWER_SECONDS)
        lane.count(1)
        try:
            return _ask(link, begin, message, end)
        except (ConnectionError, milter.ProtocolError) as error:
            raise WorkerDied from error
        finally:
            lane.count(-1)


def _ask(link: socket.socket, begin: bytes, message: Message, end: bytes) -> bytes:
    link.sendall(milter.offer() + begin)
    for chunk in message.packets():
        link.sendall(chunk)
    link.sendall(end)
    answer = b""
    for letter, data in milter.packets(link):
        if letter == milter.OPTIONS:
            continue
        answer += milter.packet(letter, data)
        if letter in milter.FINAL:
            link.sendall(milter.packet(milter.QUIT))
            return answer
    raise WorkerDied
