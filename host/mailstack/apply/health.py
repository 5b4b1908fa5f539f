"""Health checks of a bundle: a daemon answers, or everything is put back."""

import socket
import time

from ..errors import MailstackError
from ..paths import on_host
from ..programs import run, shown
from .bundle import Check

# Rspamd compiles its patterns when it starts for the first time.
DEFAULT_TIMEOUT = 30.0
_PAUSE = 0.1


def wait_for(checks: list[Check]) -> None:
    """Tries each check until it passes. Raises for the first that does not within its time."""
    for check in checks:
        limit = DEFAULT_TIMEOUT if check.timeout_seconds is None else check.timeout_seconds
        deadline = time.monotonic() + limit
        while True:
            left = deadline - time.monotonic()
            problem = attempt(check, max(left, 0.5))
            if problem is None:
                break
            if time.monotonic() + _PAUSE > deadline:
                name, *words = problem
                raise MailstackError(f"health check failed for {limit:g} s: {name}", words)
            time.sleep(_PAUSE)


def attempt(check: Check, timeout: float) -> list[str] | None:
    """One try; nothing when it passes, else what is wrong and more words."""
    if check.run:
        result = run(list(check.run), timeout)
        return None if result.code == 0 else [f"{shown(list(check.run))} ended with {result.code}", *result.words()]
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
        return [f"{check.tcp or check.socket}: {error.strerror or error}"]


def _expect(connection: socket.socket, check: Check) -> list[str] | None:
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
    return [f"{check.tcp} said {said[:80]!r}, not {check.expect!r}"]
