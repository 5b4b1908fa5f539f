"""What the webmail keeps about a user: settings, identities, contacts, a cache of mail, sessions."""

import base64
import contextlib
import os
import sqlite3
from collections.abc import Iterator

from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import directory_state, state

# As components/services/roundcube.ts makes it.
FOLDER = "/var/lib/mailstack-webmail"
DATABASE = FOLDER + "/roundcube.db"
# The webmail writes for milliseconds.
_BUSY_SECONDS = 30


def forget(address: str) -> None:
    """Deletes all of it, for ever; a host without webmail has nothing. Raises when the database cannot be written."""
    if state(on_host(DATABASE)) is None:
        return
    try:
        with _as_owner(on_host(FOLDER)), contextlib.closing(_opened(on_host(DATABASE))) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # What else belongs to the user goes with this row: the tables say so (SQL/sqlite.initial.sql).
            connection.execute("DELETE FROM users WHERE lower(username) = ?", (address,))
            for key in _sessions(connection, address):
                connection.execute("DELETE FROM session WHERE sess_id = ?", (key,))
            connection.execute("COMMIT")
            _overwrite(connection)
    except sqlite3.Error as error:
        raise MailstackError(f"the webmail's database {DATABASE} keeps what it has about {address}: {error}") from error


def _opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    # As Debian's SQLite does by itself: the freed pages are filled with zeros.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _overwrite(connection: sqlite3.Connection) -> None:
    """In WAL mode, which Roundcube sets, what was deleted stays in the file until the log is moved there.

    The last one to close the database does it, but a page of the webmail may be open just now.
    """
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise sqlite3.OperationalError("somebody reads it for very long; try again")


def _sessions(connection: sqlite3.Connection, address: str) -> list[str]:
    """Keys of the user's sessions. PHP writes them as `username|s:LENGTH:"ADDRESS";`."""
    wanted = f'username|s:{len(address)}:"{address}";'.encode()
    rows = connection.execute("SELECT sess_id, vars FROM session").fetchall()
    return [key for key, words in rows if wanted in base64.b64decode(words).lower()]


@contextlib.contextmanager
def _as_owner(folder: str) -> Iterator[None]:
    """The folder's owner, not root: else root follows the webmail's links, and leaves it files that it cannot write."""
    owner = directory_state(folder)
    if owner is None:
        raise MailstackError(f"{FOLDER} is missing")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
