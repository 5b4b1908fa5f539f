"""The accounts database: its file, its tables. Postfix and Dovecot read it while it changes.

It is never replaced as a file, since Postfix's proxymap keeps the old inode. Its journal mode is DELETE: in WAL mode a
reader must be able to write. Some programs switch to WAL on their own, so each run switches back. SQLite opens files by
their names: the directory is sticky, so that its group cannot put another file in the place of root's.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator

from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import Refused, directory_state, names_in, open_file
from ..safe_path import state as state_of

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
CREATE TABLE IF NOT EXISTS app_passwords (
  user TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, PRIMARY KEY (user, name)
);
-- A user's rows go with the user; the mail is another matter
CREATE TRIGGER IF NOT EXISTS no_app_passwords_without_user AFTER DELETE ON users
BEGIN DELETE FROM app_passwords WHERE user = OLD.email; END;
-- Whoever changes a password, by whichever program: its age begins anew
CREATE TRIGGER IF NOT EXISTS password_age_begins AFTER UPDATE OF password ON users WHEN NEW.password <> OLD.password
BEGIN UPDATE users SET password_changed = unixepoch() WHERE email = NEW.email; END;
CREATE TRIGGER IF NOT EXISTS first_password_age_begins AFTER INSERT ON users
BEGIN UPDATE users SET password_changed = unixepoch() WHERE email = NEW.email; END;
-- Who may write as whom, for Postfix (envelope) and Rspamd (headers): a user as itself and as each alias that leads to
-- it, also where it leads to a tag. Who is locked writes as nobody, and the address stays taken, or a catch-all's owner
-- could use it. No comment inside: the database would keep it.
CREATE VIEW IF NOT EXISTS senders AS
WITH RECURSIVE
  targets(source, target) AS (
    SELECT source, CASE WHEN instr(destination, '+') BETWEEN 2 AND instr(destination, '@')
        THEN substr(destination, 1, instr(destination, '+') - 1) || substr(destination, instr(destination, '@'))
        ELSE destination END
    FROM aliases
  ),
  leads(address, target) AS (
    SELECT source, target FROM targets
    UNION SELECT leads.address, targets.target FROM leads JOIN targets ON targets.source = leads.target
  ),
  reached(address, owner) AS (SELECT email, email FROM users WHERE active = 1 UNION SELECT address, target FROM leads)
SELECT address, CASE WHEN EXISTS (SELECT 1 FROM users WHERE email = owner AND locked = 1) THEN 'locked' ELSE owner END
  AS owner FROM reached;
"""
# initial_hash: the hash of the generated password; while `password` equals it, the user has not changed it.
# locked: an administrator's lock. password_changed: seconds since 1970.
_MORE_COLUMNS = {
    "password_version": "INTEGER NOT NULL DEFAULT 1",
    "initial_hash": "TEXT",
    "locked": "INTEGER NOT NULL DEFAULT 0",
    "password_changed": "INTEGER NOT NULL DEFAULT 0",
}
MADE = {
    *("domains", "users", "aliases", "app_passwords"),
    *("no_app_passwords_without_user", "password_age_begins", "first_password_age_begins", "senders"),
}


def file_uri(path: str, mode: str) -> str:
    """For SQLite; the file must exist."""
    return f"file:{on_host(path)}?mode={mode}"


@contextlib.contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection without implicit transactions; the database must exist."""
    try:
        connection = sqlite3.connect(file_uri(path, "rw"), timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
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
    folder = directory_state(os.path.dirname(real))
    if folder is None:
        raise MailstackError(f"{path}: its directory does not exist; the bundle must declare it with owner and mode")
    refuse_foreign_journals(real)
    descriptor = open_file(real, os.O_RDWR | os.O_CREAT, _MODE)
    try:
        state, group = os.fstat(descriptor), folder.st_gid
        if (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) != (0, group, _MODE):
            os.fchown(descriptor, 0, group)
            os.fchmod(descriptor, _MODE)
    finally:
        # Closing any descriptor of the file would drop SQLite's locks; none is open here.
        os.close(descriptor)
    with opened(path) as connection:
        _leave_wal(connection)
        made = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
        if made >= MADE and columns >= _MORE_COLUMNS.keys():
            return
        with transaction(connection):
            for statement in _statements(_TABLES):
                connection.execute(statement)
            columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
            for name, kind in _MORE_COLUMNS.items():
                if name not in columns:
                    connection.execute(f"ALTER TABLE users ADD COLUMN {name} {kind}")
            # When an older database's passwords were set nobody knows; their age begins now.
            connection.execute("UPDATE users SET password_changed = unixepoch() WHERE password_changed = 0")


def refuse_foreign_journals(real: str) -> None:
    """SQLite does as root what a journal says. Readers of a database in WAL mode make two other files beside it."""
    folder, name = os.path.split(real)
    for beside in names_in(folder):
        found = state_of(f"{folder}/{beside}")
        foreign = found and found.st_uid != 0 and beside == f"{name}-journal"
        if beside.startswith(f"{name}-") and found and (foreign or not stat.S_ISREG(found.st_mode)):
            raise Refused(
                f"{os.path.dirname(real)}/{beside} was not made by root: look at it, remove it, and try again"
            )


def _leave_wal(connection: sqlite3.Connection) -> None:
    """Back to DELETE, unless a daemon has the file open: until it is stopped the mode cannot change, and since all who
    read here may write, it does no harm. A later run tries again."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        return
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise


def _statements(script: str) -> Iterator[str]:
    """One after the other (`executescript` would commit)."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""


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
