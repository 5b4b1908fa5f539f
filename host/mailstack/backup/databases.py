"""What is in a copy of a SQLite database; the copy belongs to root, and nobody writes to it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ..safe_path import open_file


def is_whole(path: str) -> bool:
    """Whether it is undamaged."""
    try:
        with _opened(path) as connection:
            return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.Error:
        return False


def rows(path: str) -> dict[str, int]:
    """The number of rows of each table. Raises an error of SQLite if it is damaged."""
    with _opened(path) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        tables = sorted(str(row[0]) for row in connection.execute(query))
        return {table: _count(connection, table) for table in tables}


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = '"' + table.replace('"', '""') + '"'
    return int(connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0])  # noqa: S608 (a quoted name)


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    # SQLite opens by name: this refuses a link.
    os.close(open_file(path))
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    finally:
        connection.close()
