"""Whether the database of accounts is whole: changed bytes are seen before a user meets them."""

import re
import sqlite3

from .database import MADE, file_uri

# crypt(3) as passwords.py makes it; of another scheme no more is known than that it is one word.
_HASH = re.compile(r"\{SHA512-CRYPT\}\$6\$[./0-9A-Za-z]+\$[./0-9A-Za-z]+|(?!\{SHA512-CRYPT\})[!-~]+")
_WORD = re.compile(r"[^\s\x00-\x1f\ufffd]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Text columns and what each must be like; SQLite itself keeps no checksum of them.
_TEXTS = (
    ("domains", "name", "name", _WORD),
    ("users", "email", "email", _WORD),
    ("users", "email", "password", _HASH),
    ("users", "email", "initial_hash", _HASH),
    ("aliases", "source", "source", _WORD),
    ("aliases", "source", "destination", _WORD),
    ("app_passwords", "user", "user", _WORD),
    ("app_passwords", "user", "hash", _DIGEST),
)


def damage(path: str) -> str | None:
    """What is wrong, in a few words. Opened for writing, so that SQLite can end what a power cut interrupted."""
    try:
        connection = sqlite3.connect(file_uri(path, "rw"), timeout=5, uri=True)
    except sqlite3.Error as error:
        return f"{path} cannot be opened: {error}"
    # A text that is none any more must not end the check of the others.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        rows = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if rows != [("ok",)]:
            return f"{path} is damaged: {' '.join(str(rows[0][0]).split())}"
        made = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if lost := sorted(MADE - made):
            return f"{path} is damaged: {lost[0]} is gone"
        for table, key, column, shape in _TEXTS:
            for name, value in connection.execute(f"SELECT {key}, {column} FROM {table}"):  # noqa: S608 (names of our own)
                if value is not None and not (isinstance(value, str) and shape.fullmatch(value)):
                    return f"{path} is damaged: {table}.{column} of {name!r} is no such text"
    # SQLite quotes names of the schema in its messages, which need not be text any more.
    except (sqlite3.Error, UnicodeError) as error:
        return f"{path} is damaged: {error}"
    finally:
        connection.close()
    return None
