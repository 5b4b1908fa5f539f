"""What each command does with its options; the work is imported when it is needed, to start fast."""

import json
import sys
from argparse import Namespace
from typing import Any

from . import steps
from .errors import MailstackError
from .lock import Lock


def _print(value: Any) -> None:
    print(value if isinstance(value, str) else json.dumps(value, sort_keys=True), flush=True)


def apply(options: Namespace) -> int:
    """stdout: the service's outputs, which go into the deployment's state."""
    if options.list_steps:
        _print("\n".join(f"{name:15} {text}" for name, text in steps.STEPS.items()))
        return 0
    if not options.service:
        raise MailstackError("apply needs a service's name", exit_code=2)
    from .apply import apply as make_true
    from .deployers import remember

    remember()
    _print(make_true(options.service, sys.stdin.read(), options.lock_timeout))
    return 0


def remove(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .remove import remove as take_away

    take_away(options.service, options.lock_timeout)
    return 0


def firewall_arm(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .firewall import arm

    arm()
    return 0


def firewall_confirm(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .firewall import confirm

    confirm()
    return 0


def firewall_rollback(options: Namespace) -> int:
    """Prints nothing on stdout. Does not wait for another command: whoever is locked out cannot end it."""
    from .firewall import rollback

    rollback(options.after_boot)
    return 0


def store_secrets(options: Namespace) -> int:
    """stdout: how many there are, nothing about them."""
    from . import recovery, secret_store

    raw = sys.stdin.read()
    with Lock("secrets", options.lock_timeout):
        recovery.repair()
        _print({"secrets": secret_store.store(raw)})
    return 0


def install_packages(options: Namespace) -> int:
    """stdout: how many packages are there now of those asked for."""
    from . import packages, recovery
    from .shapes import a_list, an_object, text

    try:
        data = json.load(sys.stdin)
    except ValueError as error:
        raise MailstackError(f"standard input is not JSON: {error}") from None
    texts = {key: lambda v, w: a_list(v, w, text) for key in ("packages", "debconf")}
    wanted = an_object(data, "packages", texts, required={"packages"})
    with Lock("packages", options.lock_timeout):
        recovery.repair()
        packages.ensure(wanted["packages"], wanted.get("debconf", []))
    _print({"packages": len(wanted["packages"])})
    return 0


def verify(options: Namespace) -> int:
    """stdout: one line a difference, or a JSON list."""
    from .verify import drift

    with Lock("verify", options.lock_timeout):
        found = drift(options.services)
    if options.json:
        _print(found)
    else:
        for entry in found:
            _print(f"{entry['service']}: {entry['subject']} {entry['problem']}")
    return 3 if found else 0


def status(options: Namespace) -> int:
    """stdout: one line a check, or a JSON list."""
    from .status import look

    found = look()
    if options.json:
        _print(found)
    else:
        for entry in found:
            _print(f"{'ok ' if entry['ok'] else 'BAD'}  {entry['check']:16} {entry['detail']}")
    return 0 if all(entry["ok"] for entry in found) else 1


def user_list(options: Namespace) -> int:
    """stdout: the users."""
    from .user_commands import show

    _print(show(options.json))
    return 0


def user_initial_password(options: Namespace) -> int:
    """stdout: the password."""
    from .user_commands import initial_password

    _print(initial_password(options.address))
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
    from .poppassd import serve

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
        _print(add(options.address, options.name))
    return 0


def app_password_list(options: Namespace) -> int:
    """stdout: names and days."""
    from .app_passwords import show

    _print(show(options.address, options.json))
    return 0


def app_password_revoke(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .app_passwords import revoke

    with Lock("user app-password revoke", options.lock_timeout):
        revoke(options.address, options.name)
    return 0


def login_policy(options: Namespace) -> int:
    """Runs until nobody asks."""
    from .login_policy_server import serve

    serve(options.failures, options.minutes)
    return 0


def user_purge(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .user_commands import purge

    with Lock("user purge", options.lock_timeout):
        purge(options.address, options.yes)
    return 0
