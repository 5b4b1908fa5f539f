"""`mailstack user ...`: what an administrator does with one mailbox."""

import json
import os
import sqlite3
from typing import Any

from ..apply import manifest
from ..daemons.login_policy_client import ask, lockout_is_on
from ..errors import MailstackError
from ..paths import MAIL, on_host
from ..safe_path import directory_state, remove_tree
from . import password_policy, passwords, shared_folders, webmail_data
from .database import opened, prepare
from .declared import DEFAULT_DATABASE, forget_changed, has_initial
from .sessions import end_sessions


def database() -> str:
    """Where the applied accounts are. Raises when there are none."""
    applied = manifest.load("accounts")
    path = applied.accounts.database if applied and applied.accounts else DEFAULT_DATABASE
    if not os.path.exists(on_host(path)):
        raise MailstackError(f"there are no accounts on this host yet ({path} does not exist)")
    return path


def show(as_json: bool) -> str:
    """The users, one a line, without any password."""
    path = database()
    prepare(path)
    with opened(path) as connection:
        forget_changed(connection)
        rows = connection.execute("SELECT email, quota_mb, active, locked FROM users ORDER BY email").fetchall()
        initial = {row[0] for row in rows if has_initial(connection, row[0])}
    shut_out: dict[str, list[str]] = {}
    for entry in ask("locks")["locks"] if lockout_is_on() else []:
        shut_out.setdefault(entry["login"], []).append(entry["scope"])
    users = [
        {
            "address": address,
            "quotaMb": quota,
            "active": bool(active),
            "initialPassword": address in initial,
            "locked": bool(locked),
            "lockedOut": shut_out.get(address, []),
        }
        for address, quota, active, locked in rows
    ]
    if as_json:
        return json.dumps(users)
    lines = [
        (user["address"], f"{user['quotaMb']} MB", "" if user["active"] else "removed", _note(user)) for user in users
    ]
    return "\n".join(f"{a:32} {q:>9}  {r:8} {n}".rstrip() for a, q, r, n in lines)


def _note(user: dict[str, Any]) -> str:
    notes = ["initial password not changed yet"] if user["initialPassword"] else []
    notes += ["locked"] if user["locked"] else []
    notes += [f"too many wrong passwords from {', '.join(user['lockedOut'])}"] if user["lockedOut"] else []
    return "; ".join(notes)


def initial_password(address: str) -> str:
    """The generated password. Raises when the user has changed it."""
    with opened(database()) as connection:
        must_know(connection, address)
        if not has_initial(connection, address):
            passwords.forget_initial(address)
            raise MailstackError(f"{address} has an own password; nobody but the user knows it")
    password = passwords.initial(address)
    if password is None:
        raise MailstackError(f"the generated password of {address} is no more on this host; raise passwordVersion")
    return password


def set_password(address: str, password: str) -> None:
    """Sets a password that a person has chosen."""
    with opened(database()) as connection:
        must_know(connection, address)
        _store(connection, address, password)
    passwords.forget_initial(address)


def _store(connection: sqlite3.Connection, address: str, password: str, old_hash: str | None = None) -> bool:
    """Whether the row is changed: with `old_hash` only if nobody has changed it meanwhile."""
    password_policy.check(password, address)
    (hashed,) = passwords.hashes([password])
    statement = "UPDATE users SET password = ?, initial_hash = NULL WHERE email = ?"
    if old_hash is None:
        return connection.execute(statement, (hashed, address)).rowcount == 1
    return connection.execute(f"{statement} AND password = ?", (hashed, address, old_hash)).rowcount == 1


# Exit code of a wrong old password; that of a new one that is refused is the policy's.
WRONG = 4


def change_password(address: str, old: str, new: str) -> None:
    """Sets a password for a user who knows the old one: what the webmail calls. Needs no lock, so it never waits."""
    wrong = MailstackError("the old password is wrong", exit_code=WRONG)
    with opened(database()) as connection:
        row = connection.execute("SELECT password FROM users WHERE email = ? AND active = 1", (address,)).fetchone()
        # An address that does not exist is answered in the same words.
        if row is None or not passwords.fits(old, row[0]):
            raise wrong
        if old == new:
            raise MailstackError("the new password is the old one", exit_code=password_policy.REFUSED)
        if not _store(connection, address, new, row[0]):
            raise wrong
    passwords.forget_initial(address)


def purge(address: str, yes: bool) -> None:
    """Deletes the mail and the row of a removed user, and what the webmail has about them, for ever."""
    with opened(database()) as connection:
        active = must_know(connection, address)
        if active:
            raise MailstackError(f"{address} is in use: remove the user from the configuration and deploy first")
        if not yes:
            raise MailstackError(f"this deletes all mail of {address} for ever; say --yes", exit_code=2)
        user, _, domain = address.rpartition("@")
        if user in ("", ".", "..") or "/" in address:
            raise MailstackError(f"{address} is no mailbox")
        folder = on_host(f"{MAIL}/{domain}/{user}")
        # A link on the way is an error before anything is gone.
        directory_state(folder)
        # First: it may fail, and can be tried again as long as the row is there.
        webmail_data.forget(address)
        others = {row[0] for row in connection.execute("SELECT email FROM users WHERE active = 1")}
        shared_folders.forget(address, others)
        remove_tree(folder)
        connection.execute("DELETE FROM users WHERE email = ? AND active = 0", (address,))
    passwords.forget_initial(address)
    if lockout_is_on():
        ask("forget", {"login": address})


def lock(address: str, locked: bool) -> None:
    """An administrator's lock: no login, no sending; mail still arrives. An `up` does not touch it."""
    path = database()
    prepare(path)
    with opened(path) as connection:
        must_know(connection, address)
        connection.execute("UPDATE users SET locked = ? WHERE email = ?", (int(locked), address))
    if locked:
        end_sessions(address)
    elif lockout_is_on():
        ask("forgive", {"login": address})


def must_know(connection: sqlite3.Connection, address: str) -> bool:
    """Whether the user is active. Raises for an address that is no user's."""
    row = connection.execute("SELECT active FROM users WHERE email = ?", (address,)).fetchone()
    if row is None:
        raise MailstackError(f"there is no user {address}")
    return bool(row[0])
