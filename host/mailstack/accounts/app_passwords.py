"""App passwords: a second password for one device, which can be taken back alone.

They are generated, 118 bits, so a plain SHA-256 hides them well enough, and Dovecot finds a row by it: a user may have
many, and a query gives one row only.
"""

import hashlib
import json
import re
import sqlite3
import time

from ..errors import MailstackError
from . import passwords
from .database import opened, prepare
from .sessions import end_sessions
from .user_commands import database, must_know

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


def add(address: str, name: str) -> str:
    """The new password, shown once."""
    if not _NAME.fullmatch(name):
        raise MailstackError(f"{name!r} is no name for a device: letters, digits, spaces and ._- only", exit_code=2)
    password = passwords.generate()
    with _accounts() as connection:
        must_know(connection, address)
        try:
            connection.execute(
                "INSERT INTO app_passwords (user, name, hash, created) VALUES (?, ?, ?, ?)",
                (address, name, hashlib.sha256(password.encode()).hexdigest(), int(time.time())),
            )
        except sqlite3.IntegrityError:
            raise MailstackError(f"{address} has an app password {name!r} already; revoke it first") from None
    return password


def show(address: str, as_json: bool) -> str:
    """Names and days, no passwords."""
    with _accounts() as connection:
        must_know(connection, address)
        query = "SELECT name, created FROM app_passwords WHERE user = ? ORDER BY name"
        rows = connection.execute(query, (address,)).fetchall()
    days = [(name, time.strftime("%Y-%m-%d", time.gmtime(created))) for name, created in rows]
    if as_json:
        return json.dumps([{"name": name, "created": day} for name, day in days])
    return "\n".join(f"{name:32} since {day}" for name, day in days)


def revoke(address: str, name: str) -> None:
    """Takes one back. Ends all sessions of the user: which of them used it is not known, the others come back."""
    with _accounts() as connection:
        must_know(connection, address)
        query = "DELETE FROM app_passwords WHERE user = ? AND name = ?"
        if connection.execute(query, (address, name)).rowcount == 0:
            raise MailstackError(f"{address} has no app password {name!r}")
    end_sessions(address)


def _accounts():  # type: ignore[no-untyped-def]
    path = database()
    prepare(path)
    return opened(path)
