"""What each command about one mailbox does with its options; see commands.py."""

import sys
from argparse import Namespace

from ..apply.lock import Lock
from ..commands import say_result


def user_list(options: Namespace) -> int:
    """stdout: the users."""
    from .user_commands import show

    say_result(show(options.json))
    return 0


def user_initial_password(options: Namespace) -> int:
    """stdout: the password."""
    from .user_commands import initial_password

    say_result(initial_password(options.address))
    return 0


def user_set_password(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .user_commands import set_password

    password = _line()
    with Lock("user set-password", options.lock_timeout):
        set_password(options.address, password)
    return 0


def user_change_password(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .user_commands import change_password

    old = _line()
    change_password(options.address, old, _line())
    return 0


def user_poppassd(_options: Namespace) -> int:
    """stdout: the protocol's answers."""
    from ..daemons.poppassd import serve

    serve()
    return 0


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def user_lock(options: Namespace) -> int:
    """Prints nothing on stdout."""
    return _lock(options, True)


def user_unlock(options: Namespace) -> int:
    """Prints nothing on stdout."""
    return _lock(options, False)


def _lock(options: Namespace, locked: bool) -> int:
    from .user_commands import lock

    with Lock("user lock", options.lock_timeout):
        lock(options.address, locked)
    return 0


def app_password_add(options: Namespace) -> int:
    """stdout: the password."""
    from .app_passwords import add

    with Lock("user app-password add", options.lock_timeout):
        say_result(add(options.address, options.name))
    return 0


def app_password_list(options: Namespace) -> int:
    """stdout: names and days."""
    from .app_passwords import show

    say_result(show(options.address, options.json))
    return 0


def app_password_revoke(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .app_passwords import revoke

    with Lock("user app-password revoke", options.lock_timeout):
        revoke(options.address, options.name)
    return 0


def user_purge(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .user_commands import purge

    with Lock("user purge", options.lock_timeout):
        purge(options.address, options.yes)
    return 0


def folder_names(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .folder_names import by_slash

    by_slash()
    return 0
