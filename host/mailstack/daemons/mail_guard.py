"""Between Postfix and Rspamd: refuses mail that is built to keep Rspamd busy, sends the rest to a worker that is free.

Rspamd parses a message in one go, and whoever else is connected to the same worker waits. So a message is only handed
over when it is there as a whole, through a connection of its own, which a worker takes that has time. Large messages go
one after the other: of two workers one is always free for small ones. Rspamd itself kills a worker that hangs
(`heartbeats_loss_max`); what that worker had is tried once more.

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
from .refusals import reworded

# Longer than Rspamd's own limits, shorter than Postfix's (milter_content_timeout).
ANSWER_SECONDS = 120
CONNECT_SECONDS = 5
# How long a small message waits for a worker that may hang, before it goes to another one.
HANG_SECONDS = 3
# Postfix waits 300 s.
QUEUE_SECONDS = 150
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


class Workers:
    """Rspamd's workers, all at one address."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        # Held by the large message that is being scanned, and by a small one that has seen workers die.
        self.large = threading.Lock()
        # Held by who checks a large message, which takes memory.
        self.check = threading.Lock()


def serve(postfix: socket.socket, workers: Workers) -> None:
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
                    postfix.sendall(_answer(session.values(), message, milter.packet(letter, data), workers))
                    break
                elif letter != milter.UNKNOWN:
                    message.add(stage, letter, data)
            else:
                return


def _answer(session: Iterable[bytes], message: Message, end: bytes, workers: Workers) -> bytes:
    try:
        parts = message.check(workers.check)
        edits = message.make_fit(workers.check) if message.by_user else b""
    except TooComplex as error:
        return milter.reply_code(_REFUSED.format(error))
    except Unfit as error:
        return milter.reply_code(_UNFIT.format(error))
    return edits + _hand_over(session, message, end, workers, parts)


def _hand_over(session: Iterable[bytes], message: Message, end: bytes, workers: Workers, parts: int) -> bytes:
    small = message.size <= _SMALL_BYTES and parts <= _SMALL_PARTS and len(message.head) <= _SMALL_HEADERS
    begin = b"".join(session)
    end = bytes(message.rest) + end
    if small:
        for seconds in (HANG_SECONDS, ANSWER_SECONDS):
            try:
                return _scan(workers, begin, message, end, seconds)
            except (WorkerDied, TimeoutError):
                pass
            except OSError:
                return _LATER
    if not workers.large.acquire(timeout=QUEUE_SECONDS):
        return _LATER
    try:
        return _scan_alone(workers, begin, message, end)
    finally:
        workers.large.release()


def _scan_alone(workers: Workers, begin: bytes, message: Message, end: bytes) -> bytes:
    for _ in range(2):
        try:
            return _scan(workers, begin, message, end, ANSWER_SECONDS)
        except WorkerDied:
            # The first message of a new worker may end it too, so one with nothing in it goes before.
            if _seconds_for_nothing(workers) is None and _seconds_for_nothing(workers) is None:
                return _LATER
        except OSError:
            return _LATER
    seconds = _seconds_for_nothing(workers)
    return _LATER if seconds is None or seconds > _BUSY_SECONDS else milter.reply_code(_DEADLY)


def _seconds_for_nothing(workers: Workers) -> float | None:
    """How long a worker takes for a message with nothing in it; None if it does not get over it."""
    began = time.monotonic()
    try:
        with closing(Message()) as message:
            _scan(workers, _NOBODY, message, milter.packet(milter.END_OF_MESSAGE), ANSWER_SECONDS)
    except (WorkerDied, OSError):
        return None
    return time.monotonic() - began


def _scan(workers: Workers, begin: bytes, message: Message, end: bytes, seconds: float) -> bytes:
    """All of Rspamd's answer. Raises WorkerDied, TimeoutError, or another OSError if there is no worker."""
    with socket.create_connection(workers.address, CONNECT_SECONDS) as link:
        link.settimeout(seconds)
        try:
            return _ask(link, begin, message, end)
        except (ConnectionError, milter.ProtocolError) as error:
            raise WorkerDied from error


def _ask(link: socket.socket, begin: bytes, message: Message, end: bytes) -> bytes:
    link.sendall(milter.offer() + begin)
    for chunk in message.packets():
        link.sendall(chunk)
    link.sendall(end)
    answer = b""
    for letter, data in milter.packets(link):
        if letter == milter.OPTIONS:
            continue
        answer += reworded(letter, data, message.by_user)
        if letter in milter.FINAL:
            link.sendall(milter.packet(milter.QUIT))
            return answer
    raise WorkerDied
