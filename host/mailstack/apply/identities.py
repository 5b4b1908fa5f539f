"""System groups and users: made when missing, never removed (files on disk may still carry their numbers)."""

import grp
import pwd

from ..errors import MailstackError
from ..programs import must
from ..progress import say
from .bundle import Group, User


def ensure(groups: dict[str, Group], users: dict[str, User]) -> None:
    """Makes missing groups and users and adds users to their groups. A taken number is an error, not a change."""
    for name, group in groups.items():
        _group(name, group.gid)
    for name, user in users.items():
        _user(name, user)


def _group(name: str, gid: int | None) -> None:
    try:
        found = grp.getgrnam(name)
    except KeyError:
        say(f"making group {name}")
        number = ["--gid", str(gid)] if gid is not None else []
        must(["groupadd", "--system", *number, name], f"group {name}")
        return
    if gid is not None and found.gr_gid != gid:
        raise MailstackError(f"group {name} has the number {found.gr_gid} on this host, the bundle says {gid}")


def _user(name: str, user: User) -> None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        say(f"making user {name}")
        number = ["--uid", str(user.uid)] if user.uid is not None else []
        home = ["--home-dir", user.home, "--no-create-home"]
        more = ["--groups", ",".join(user.groups)] if user.groups else []
        shell = ["--shell", "/usr/sbin/nologin"]
        must(["useradd", "--system", *number, "--gid", user.group, *home, *more, *shell, name], f"user {name}")
        return
    if user.uid is not None and found.pw_uid != user.uid:
        raise MailstackError(f"user {name} has the number {found.pw_uid} on this host, the bundle says {user.uid}")
    missing = [group for group in user.groups if name not in _members(group)]
    if missing:
        say(f"adding user {name} to {', '.join(missing)}")
        must(["usermod", "--append", "--groups", ",".join(missing), name], f"user {name}")


def _members(group: str) -> list[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        raise MailstackError(f"there is no group {group!r} on this host") from None


def numbers(owner: str, where: str) -> tuple[int, int]:
    """uid and gid of `user:group`. Raises when the host has no such name."""
    user, _, group = owner.partition(":")
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise MailstackError(f"{where}: there is no user {user!r} on this host") from None
    try:
        return uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise MailstackError(f"{where}: there is no group {group!r} on this host") from None


def names(uid: int, gid: int) -> str:
    """`user:group`, with numbers where there is no name."""
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    try:
        return f"{user}:{grp.getgrgid(gid).gr_name}"
    except KeyError:
        return f"{user}:{gid}"
