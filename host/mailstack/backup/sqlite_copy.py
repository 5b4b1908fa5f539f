"""`sqlite_copy.py SOURCE TARGET`: SQLite's own backup of a database that others write to.

A separate program, because it runs as the owner of the database, not as root.
"""

import os
import sqlite3
import sys

_BUSY_SECONDS = 30.0


def copy(source: str, target: str) -> None:
    """Raises an error if the copy is damaged. The source must exist; whatever the target holds is replaced."""
    try:
        _copy(source, target)
    except sqlite3.DatabaseError as error:
        damaged = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
        if getattr(error, "sqlite_errorcode", None) not in damaged or not os.path.exists(target):
            raise
        # SQLite does not write over what it cannot read. The file stays the one that daemons have open.
        with open(target, "r+b") as file:
            file.truncate(0)
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    with_uri = f"file:{source}?mode=rw"
    reader = sqlite3.connect(with_uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    writer = sqlite3.connect(target, isolation_level=None)
    try:
        # All pages at once: readers continue, a writer waits for milliseconds.
        reader.backup(writer, pages=-1)
        writer.execute("PRAGMA journal_mode=DELETE")
        found = writer.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        reader.close()
        writer.close()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the database is damaged: {found}")


if __name__ == "__main__":
    os.umask(0o077)
    try:
        copy(sys.argv[1], sys.argv[2])
    except sqlite3.Error as error:
        sys.exit(f"{sys.argv[1]}: {error}")
