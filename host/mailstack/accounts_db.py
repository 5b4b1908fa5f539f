"""The accounts database: its file, its tables. Postfix and Dovecot read it while it changes.

It is never replaced as a file, since Postfix's proxymap keeps the old inode. Its journal mode is DELETE: in WAL mode a
reader must be able to write. Roundcube's driver switches to WAL on its own, so each run switches back.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator

from .errors import MailstackError
from .paths import on_host

# Postfix and Dovecot hold it for milliseconds; a password change in the webmail likewise.
_BUSY_SECONDS = 30
_MODE = 0o660

_TABLES = """
CREATE TABLE IF NOT EXISTS domains (name TEXT PRIMARY KEY, active INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS users (
  email TEXT PRIMARY KEY,
  password TEXT NOT NULL,
  quota_mb INTEGER NOT NULL,
  active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS aliases (
  source TEXT NOT NULL, destination TEXT NOT NULL, PRIMARY KEY (source, destination)
);
"""
# initial_hash: the hash of the generated password; while `password` equals it, the user has not changed it.
_MORE_COLUMNS = {"password_version": "INTEGER NOT NULL DEFAULT 1", "initial_hash": "TEXT"}


@contextlib.contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection without implicit transactions; the database must exist."""
    try:
        connection = sqlite3.connect(
            f"file:{on_host(path)}?mode=rw", timeout=_BUSY_SECONDS, isolation_level=None, uri=True
        )
    except sqlite3.Error as error:
        raise MailstackError(f"{path}: {error}") from None
    try:
        yield connection
    except sqlite3.Error as error:
        raise MailstackError(f"{path}: {error}") from None
    finally:
        connection.close()


def prepare(path: str) -> None:
    """Makes the file and the tables where they are missing, and sets owner (root and the folder's group) and mode."""
    real = on_host(path)
    folder = os.path.dirname(real)
    if not os.path.isdir(folder):
        raise MailstackError(f"{path}: its directory does not exist; the bundle must declare it with owner and mode")
    descriptor = os.open(real, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
    try:
        state, group = os.fstat(descriptor), os.stat(folder).st_gid
        if (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) != (0, group, _MODE):
            os.fchown(descriptor, 0, group)
            os.fchmod(descriptor, _MODE)
    finally:
        # Closing any descriptor of the file would drop SQLite's locks; none is open here.
        os.close(descriptor)
    with opened(path) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "delete":
            connection.execute("PRAGMA journal_mode=DELETE")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
        if tables >= {"domains", "users", "aliases"} and columns >= _MORE_COLUMNS.keys():
            return
        with transaction(connection):
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
            for name, kind in _MORE_COLUMNS.items():
                if name not in columns:
                    connection.execute(f"ALTER TABLE users ADD COLUMN {name} {kind}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, also for a kill."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
