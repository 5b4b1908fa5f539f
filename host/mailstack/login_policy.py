"""The lockout of accounts: Dovecot asks here after each right password, and reports each login (its auth policy).

Failures are counted for an account and for where they come from: each address from which the account has logged in
lately by itself, the webmail by itself, and the rest of the world together. So a stranger who guesses shuts out
strangers, not the user's own devices; and app passwords, which nobody can guess, always pass. The same wrong password
again is one failure: a telephone with an old password guesses nothing.
"""

import ipaddress
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

# How long an address stays known after its last login, and when its note is worth a write.
KNOWN_SECONDS, NOTE_SECONDS = 30 * 86400, 86400
# More failures than any guesser gets through in the window; what is older is forgotten.
MOST_FAILURES = 20_000
WEBMAIL, STRANGERS = "webmail", "strangers"

_TABLES = """
CREATE TABLE IF NOT EXISTS known (login TEXT, address TEXT, seen INTEGER, PRIMARY KEY (login, address));
CREATE TABLE IF NOT EXISTS failures (login TEXT, scope TEXT, password TEXT, at INTEGER);
CREATE TABLE IF NOT EXISTS locks (login TEXT, scope TEXT, until INTEGER, PRIMARY KEY (login, scope));
"""


class LoginPolicy:
    """Decides and remembers. Safe to call from several threads."""

    def __init__(self, path: str, failures: int, minutes: int, now: Callable[[], float] = time.time) -> None:
        self._failures, self._window, self._now = failures, minutes * 60, now
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)

    def allow(self, request: dict[str, Any]) -> bool:
        """Whether a right password may be used from there now."""
        if request.get("app"):
            return True
        login = _login(request)
        with self._lock:
            scope = self._scope(login, str(request.get("remote", "")))
            row = self._database.execute("SELECT until FROM locks WHERE login = ? AND scope = ?", (login, scope))
            until = row.fetchone()
        return until is None or until[0] <= self._now()

    def report(self, request: dict[str, Any]) -> None:
        """Remembers where an account logs in; counts a wrong password."""
        login, remote, at = _login(request), str(request.get("remote", "")), int(self._now())
        # Refused by `allow`: neither a guess nor a login.
        if not login or request.get("policy_reject"):
            return
        with self._lock:
            scope = self._scope(login, remote)
            if request.get("success"):
                self._note(login, scope, remote, at)
            else:
                self._count(login, scope, str(request.get("pwhash", "")), at)

    def locks(self) -> list[dict[str, Any]]:
        """Every lockout that lasts: `login`, `scope`, `until`."""
        with self._lock:
            rows = self._database.execute(
                "SELECT * FROM locks WHERE until > ? ORDER BY 1, 2", (self._now(),)
            ).fetchall()
        return [{"login": login, "scope": scope, "until": until} for login, scope, until in rows]

    def forgive(self, login: str) -> None:
        """Ends the lockouts of an account and forgets its failures."""
        with self._lock:
            self._database.execute("DELETE FROM locks WHERE login = ?", (login,))
            self._database.execute("DELETE FROM failures WHERE login = ?", (login,))

    def forget(self, login: str) -> None:
        """All that is known about an account, which is gone."""
        self.forgive(login)
        with self._lock:
            self._database.execute("DELETE FROM known WHERE login = ?", (login,))

    def _scope(self, login: str, remote: str) -> str:
        address = _network(remote)
        if address in ("", WEBMAIL):
            return WEBMAIL
        since = self._now() - KNOWN_SECONDS
        query = "SELECT 1 FROM known WHERE login = ? AND address = ? AND seen > ?"
        known = self._database.execute(query, (login, address, since)).fetchone()
        return address if known else STRANGERS

    def _note(self, login: str, scope: str, remote: str, at: int) -> None:
        if scope == WEBMAIL:
            return
        query = "SELECT seen FROM known WHERE login = ? AND address = ?"
        address = _network(remote)
        seen = self._database.execute(query, (login, address)).fetchone()
        if seen and seen[0] > at - NOTE_SECONDS:
            return
        self._database.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (login, address, at))
        self._database.execute("DELETE FROM known WHERE seen <= ?", (at - KNOWN_SECONDS,))

    def _count(self, login: str, scope: str, password: str, at: int) -> None:
        execute = self._database.execute
        execute("INSERT INTO failures VALUES (?, ?, ?, ?)", (login, scope, password, at))
        execute("DELETE FROM failures WHERE at <= ?", (at - self._window,))
        execute("DELETE FROM failures WHERE rowid <= (SELECT max(rowid) FROM failures) - ?", (MOST_FAILURES,))
        query = "SELECT count(DISTINCT password) FROM failures WHERE login = ? AND scope = ?"
        if execute(query, (login, scope)).fetchone()[0] >= self._failures:
            execute("INSERT OR REPLACE INTO locks VALUES (?, ?, ?)", (login, scope, at + self._window))
            execute("DELETE FROM failures WHERE login = ? AND scope = ?", (login, scope))
            execute("DELETE FROM locks WHERE until <= ?", (at,))


def _login(request: dict[str, Any]) -> str:
    return str(request.get("login", "")).lower()


def _network(remote: str) -> str:
    """An address; of IPv6 the network, since a device changes the rest. The webmail's logins come from this host."""
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return ""
    if address.is_loopback:
        return WEBMAIL
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def state_path() -> str:
    """In the folder that systemd has made for the daemon."""
    return os.path.join(os.environ["STATE_DIRECTORY"], "logins.db")
