"""Declared domains, users and aliases become rows. A password that exists is never overwritten by this.

Order that a kill cannot spoil: a generated password is written to its file, then its hash is committed. A file without
its row is overwritten by the next run.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from ..apply.bundle import Accounts
from ..progress import say
from . import passwords
from .database import opened, prepare, transaction

DEFAULT_DATABASE = "/var/lib/mailserver/mail.db"


@dataclass
class RowChange:
    """One statement, what it does in words, and whose new password it sets."""

    text: str
    statement: str
    values: tuple[Any, ...]
    new_password_for: str | None = None


def reconcile(data: Accounts) -> None:
    """Makes the database as declared, in one transaction."""
    prepare(data.database)
    with opened(data.database) as connection:
        if pending(connection, data):
            with transaction(connection):
                changes = pending(connection, data)
                _set_passwords(changes)
                for change in changes:
                    connection.execute(change.statement, change.values)
            for change in changes[:8]:
                say(f"accounts: {change.text}")
            if len(changes) > 8:
                say(f"accounts: and {len(changes) - 8} more changes")
        forget_changed(connection)


def _set_passwords(changes: list[RowChange]) -> None:
    """Fills the hashes in, as the first two values of each statement that wants one."""
    wanting = [change for change in changes if change.new_password_for]
    new = [passwords.generate() for _ in wanting]
    for change, password, hashed in zip(wanting, new, passwords.hashes(new), strict=True):
        passwords.keep_initial(str(change.new_password_for), password)
        change.values = (hashed, hashed, *change.values)


def pending(connection: sqlite3.Connection, data: Accounts) -> list[RowChange]:
    """What differs between the declaration and the database."""
    return [*_domains(connection, data), *_users(connection, data), *_aliases(connection, data)]


def _domains(connection: sqlite3.Connection, data: Accounts) -> list[RowChange]:
    have = dict(connection.execute("SELECT name, active FROM domains"))
    changes = []
    for name in data.domains:
        if have.get(name) != 1:
            statement = "INSERT INTO domains (name, active) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET active = 1"
            changes.append(RowChange(f"domain {name} is served", statement, (name,)))
    for name in sorted(have.keys() - set(data.domains)):
        if have[name]:
            changes.append(
                RowChange(f"domain {name} is served no more", "UPDATE domains SET active = 0 WHERE name = ?", (name,))
            )
    return changes


def _users(connection: sqlite3.Connection, data: Accounts) -> list[RowChange]:
    rows = connection.execute("SELECT email, quota_mb, active, password_version FROM users")
    have = {row[0]: row[1:] for row in rows}
    changes = []
    for user in data.users:
        address, quota, version = user.address, user.quota_mb, user.password_version
        if address not in have:
            statement = (
                "INSERT INTO users (password, initial_hash, email, quota_mb, active, password_version)"
                " VALUES (?, ?, ?, ?, 1, ?)"
            )
            changes.append(RowChange(f"new user {address}", statement, (address, quota, version), address))
            continue
        old_quota, active, old_version = have[address]
        if version > old_version:
            statement = "UPDATE users SET password = ?, initial_hash = ?, password_version = ? WHERE email = ?"
            changes.append(RowChange(f"new password for {address}", statement, (version, address), address))
        if (old_quota, active) != (quota, 1):
            text = f"user {address}: {quota} MB" + ("" if active else ", active again")
            statement = "UPDATE users SET quota_mb = ?, active = 1 WHERE email = ?"
            changes.append(RowChange(text, statement, (quota, address)))
    for address in sorted(have.keys() - {user.address for user in data.users}):
        if have[address][1]:
            statement = "UPDATE users SET active = 0 WHERE email = ?"
            changes.append(RowChange(f"user {address} is disabled, the mail stays", statement, (address,)))
    return changes


def _aliases(connection: sqlite3.Connection, data: Accounts) -> list[RowChange]:
    have = set(connection.execute("SELECT source, destination FROM aliases"))
    want = {(alias.source, target) for alias in data.aliases for target in alias.destinations}
    gone, new = sorted(have - want), sorted(want - have)
    return [
        *(
            RowChange(f"no alias {s} -> {d}", "DELETE FROM aliases WHERE source = ? AND destination = ?", (s, d))
            for s, d in gone
        ),
        *(
            RowChange(f"alias {s} -> {d}", "INSERT INTO aliases (source, destination) VALUES (?, ?)", (s, d))
            for s, d in new
        ),
    ]


def forget_changed(connection: sqlite3.Connection) -> None:
    """Removes the clear text of generated passwords that are in use no more."""
    for address in passwords.addresses_with_initial():
        if not has_initial(connection, address):
            passwords.forget_initial(address)


def has_initial(connection: sqlite3.Connection, address: str) -> bool:
    """Whether the user still has the generated password (the webmail changes `password` only)."""
    row = connection.execute("SELECT password = initial_hash FROM users WHERE email = ?", (address,)).fetchone()
    return bool(row and row[0])
