"""Health checks of a bundle: a daemon answers, or everything is put back."""

import socket
import time
from dataclasses import dataclass

from ..errors import MailstackError
from ..paths import on_host
from ..programs import TIMED_OUT, run, shown
from .bundle import Check

# Rspamd compiles its patterns when it starts for the first time.
DEFAULT_TIMEOUT = 30.0
_PAUSE = 0.1
# A try that begins just before the end of the time still says what is wrong, on a busy host too.
_LEAST = 5.0


def wait_for(checks: list[Check]) -> None:
    """Tries each check until it passes. Raises for the first that does not within its time."""
    for check in checks:
        limit = DEFAULT_TIMEOUT if check.timeout_seconds is None else check.timeout_seconds
        deadline = time.monotonic() + limit
        telling: Problem | None = None
        while True:
            problem = attempt(check, max(deadline - time.monotonic(), _LEAST))
            if problem is None:
                break
            if telling is None or not problem.cut_off:
                telling = problem
            if time.monotonic() + _PAUSE > deadline:
                raise MailstackError(f"health check failed for {limit:g} s: {telling.name}", telling.words)
            time.sleep(_PAUSE)


@dataclass(frozen=True)
class Problem:
    """Why a try did not pass. One that was cut off says less than any other."""

    name: str
    words: list[str]
    cut_off: bool = False


def attempt(check: Check, timeout: float) -> Problem | None:
    """One try; nothing when it passes, else what is wrong."""
    if check.run:
        result = run(list(check.run), timeout)
        if result.code == 0:
            return None
        name = f"{shown(list(check.run))} ended with {result.code}"
        return Problem(name, result.words(), cut_off=result.code == TIMED_OUT)
    try:
        if check.socket:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(min(timeout, 5))
                connection.connect(on_host(check.socket))
            return None
        host, _, port = check.tcp.rpartition(":")
        address = (host.strip("[]") or "127.0.0.1", int(port))
        with socket.create_connection(address, min(timeout, 5)) as connection:
            return _expect(connection, check)
    except OSError as error:
        return Problem(f"{check.tcp or check.socket}: {error.strerror or error}", [], isinstance(error, TimeoutError))


def _expect(connection: socket.socket, check: Check) -> Problem | None:
    if not check.expect:
        return None
    greeting = b""
    while len(greeting) < 4096 and check.expect.encode() not in greeting:
        try:
            piece = connection.recv(4096)
        except TimeoutError:
            # A daemon that said something else waits for an answer now; what it said tells more than the silence.
            if not greeting:
                raise
            break
        if not piece:
            break
        greeting += piece
    if check.expect.encode() in greeting:
        return None
    said = greeting.decode("utf-8", "replace").strip()
    return Problem(f"{check.tcp} said {said[:80]!r}, not {check.expect!r}", [])
