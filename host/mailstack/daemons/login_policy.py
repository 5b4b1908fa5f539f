"""The lockout of accounts: Dovecot asks here after each right password, and reports each login (its auth policy).

Failures are counted for an account and for the network that they come from, so who guesses is locked out alone. When
many networks of strangers guess at one account, all strangers are locked out of it: each network from which the account
has logged in lately still counts by itself, and so does this host (the webmail's old sessions). App passwords, which
nobody can guess, always pass. The same wrong password again is one failure: a telephone with an old password guesses
nothing.
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
WEBMAIL, STRANGERS, TRUSTED = "webmail", "strangers", "trusted"
# All strangers are locked out after so many times the failures that lock one network out, when they come from so many
# places: a customer of a provider has a /24 or a /48 at most.
MANY_FAILURES, MANY_SITES = 10, 10

_TABLES = """
CREATE TABLE IF NOT EXISTS known (login TEXT, address TEXT, seen INTEGER, PRIMARY KEY (login, address));
CREATE TABLE IF NOT EXISTS failures (login TEXT, scope TEXT, password TEXT, at INTEGER);
CREATE TABLE IF NOT EXISTS locks (login TEXT, scope TEXT, until INTEGER, PRIMARY KEY (login, scope));
"""


class LoginPolicy:
    """Decides and remembers. Safe to call from several threads."""

    def __init__(
        self,
        path: str,
        failures: int,
        minutes: int,
        trusted: list[str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._failures, self._window, self._now = failures, minutes * 60, now
        self._trusted = [ipaddress.ip_network(network) for network in trusted or []]
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)

    def allow(self, request: dict[str, Any]) -> bool:
        """Whether a right password may be used from there now."""
        if request.get("app"):
            return True
        login = _login(request)
        with self._lock:
            network = self._network(str(request.get("remote", "")))
            scopes = (network, "" if self._known(login, network) else STRANGERS)
            query = "SELECT max(until) FROM locks WHERE login = ? AND scope IN (?, ?)"
            until = self._database.execute(query, (login, *scopes)).fetchone()[0]
        return until is None or until <= self._now()

    def report(self, request: dict[str, Any]) -> None:
        """Remembers where an account logs in; counts a wrong password."""
        login, at = _login(request), int(self._now())
        # Refused by `allow`: neither a guess nor a login.
        if not login or request.get("policy_reject"):
            return
        with self._lock:
            network = self._network(str(request.get("remote", "")))
            if network == TRUSTED:
                return
            # One write to the disk for all of it
            self._database.execute("BEGIN")
            try:
                if request.get("success"):
                    self._note(login, network, at)
                else:
                    self._count(login, network, str(request.get("pwhash", "")), at)
            finally:
                self._database.execute("COMMIT")

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

    def _network(self, remote: str) -> str:
        """Who counts as one: an address; of IPv6 the /64, all of which one device may use; this host."""
        try:
            address = ipaddress.ip_address(remote)
        except ValueError:
            return WEBMAIL
        if address.is_loopback:
            return WEBMAIL
        if any(address in network for network in self._trusted):
            return TRUSTED
        return str(address) if address.version == 4 else _prefix(address, 64)

    def _known(self, login: str, network: str) -> bool:
        if network in (WEBMAIL, TRUSTED):
            return True
        since = self._now() - KNOWN_SECONDS
        query = "SELECT 1 FROM known WHERE login = ? AND address = ? AND seen > ?"
        return self._database.execute(query, (login, network, since)).fetchone() is not None

    def _note(self, login: str, network: str, at: int) -> None:
        if network == WEBMAIL:
            return
        query = "SELECT seen FROM known WHERE login = ? AND address = ?"
        seen = self._database.execute(query, (login, network)).fetchone()
        if seen and seen[0] > at - NOTE_SECONDS:
            return
        self._database.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (login, network, at))
        self._database.execute("DELETE FROM known WHERE seen <= ?", (at - KNOWN_SECONDS,))

    def _count(self, login: str, network: str, password: str, at: int) -> None:
        execute = self._database.execute
        execute("INSERT INTO failures VALUES (?, ?, ?, ?)", (login, network, password, at))
        execute("DELETE FROM failures WHERE at <= ?", (at - self._window,))
        execute("DELETE FROM failures WHERE rowid <= (SELECT max(rowid) FROM failures) - ?", (MOST_FAILURES,))
        query = "SELECT count(DISTINCT password) FROM failures WHERE login = ? AND scope = ?"
        if execute(query, (login, network)).fetchone()[0] >= self._failures:
            self._shut_out(login, network, at)
            # Of a stranger they still count for all strangers.
            if self._known(login, network):
                execute("DELETE FROM failures WHERE login = ? AND scope = ?", (login, network))
        if not self._known(login, network) and self._many_guess(login):
            self._shut_out(login, STRANGERS, at)
        execute("DELETE FROM locks WHERE until <= ?", (at,))

    def _shut_out(self, login: str, scope: str, at: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO locks VALUES (?, ?, ?)", (login, scope, at + self._window))

    def _many_guess(self, login: str) -> bool:
        """Whether strangers of many places have tried many passwords."""
        theirs = "FROM failures WHERE login = ? AND scope NOT IN (SELECT address FROM known WHERE login = ?)"
        theirs += f" AND scope != '{WEBMAIL}'"
        passwords = self._database.execute(f"SELECT count(DISTINCT password) {theirs}", (login, login)).fetchone()[0]
        if passwords < self._failures * MANY_FAILURES:
            return False
        networks = self._database.execute(f"SELECT DISTINCT scope {theirs}", (login, login))
        return len({_site(row[0]) for row in networks}) >= MANY_SITES


def _login(request: dict[str, Any]) -> str:
    return str(request.get("login", "")).lower()


def _site(network: str) -> str:
    """What one customer of a provider may have as a whole."""
    try:
        address = ipaddress.ip_network(network).network_address
    except ValueError:
        # A row of the version before.
        return network
    return _prefix(address, 24 if address.version == 4 else 48)


def _prefix(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> str:
    return str(ipaddress.ip_network((address, length), strict=False))


def state_path() -> str:
    """In the folder that systemd has made for the daemon."""
    return os.path.join(os.environ["STATE_DIRECTORY"], "logins.db")
