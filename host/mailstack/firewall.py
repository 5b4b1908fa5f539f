"""The host's firewall never locks the deployer out.

`arm` comes before new rules are in force and starts a timer; `confirm` comes by a new SSH connection, which they let
in, and stops it. Without that the timer puts the rules back that were confirmed last, or none. So does a boot.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .atomic_file import private_directory, replace
from .errors import MailstackError
from .paths import FIREWALL, on_host
from .programs import must, run
from .progress import say
from .safe_path import make_directory, open_file, read, remove, remove_tree, rename, state, write_new

# What ufw starts from. Each file belongs to the bundle `ufw`.
FILES = ("/etc/default/ufw", "/etc/ufw/ufw.conf", "/etc/ufw/user.rules", "/etc/ufw/user6.rules")
SECONDS = 60
_AGAIN_SECONDS = 600
PENDING, _CONFIRMED, _REFUSED = f"{FIREWALL}/pending", f"{FIREWALL}/confirmed", f"{FIREWALL}/refused"
_UFW = "/lib/ufw/ufw-init"
_TIMER = "mailstack-firewall-rollback"


def arm(seconds: int = SECONDS) -> None:
    """From now on the rules are on trial."""
    private_directory(on_host(FIREWALL))
    replace(on_host(PENDING), _boot().encode())
    _disarm()
    timer = ["systemd-run", "--quiet", "--collect", f"--unit={_TIMER}", f"--on-active={seconds}"]
    accuracy = "--timer-property=AccuracySec=1s"
    must(
        [*timer, accuracy, "/usr/local/sbin/mailstack", "firewall", "rollback"], "the firewall's roll-back is not armed"
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Not the applier's lock: the roll-back must not wait for a command of somebody who is locked out."""
    private_directory(on_host(FIREWALL))
    with open(open_file(on_host(f"{FIREWALL}/lock"), os.O_RDWR | os.O_CREAT), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def confirm() -> None:
    """The rules in force stay. Raises when they are not in force any more; then they are tried once more."""
    with _alone():
        _confirm()


def _confirm() -> None:
    if os.path.exists(on_host(PENDING)):
        _keep(_CONFIRMED)
        remove_tree(on_host(_REFUSED))
        _disarm()
        remove(on_host(PENDING))
        return
    if os.path.isdir(on_host(_REFUSED)):
        arm(_AGAIN_SECONDS)
        _put_in_force(_REFUSED)
        why = f"no SSH connection came within {SECONDS} s, so the firewall's former rules were put back"
        raise MailstackError(why, [f"the new ones are loaded again, for {_AGAIN_SECONDS} s: run `pulumi up` once more"])
    if _differing(_CONFIRMED):
        raise MailstackError(
            f"{_differing(_CONFIRMED)[0]} is not as it was confirmed", ["`mailstack verify` shows more"]
        )


def rollback(only_after_boot: bool) -> None:
    """The former rules are in force again. Nothing happens when all is confirmed."""
    with _alone():
        _rollback(only_after_boot)


def _rollback(only_after_boot: bool) -> None:
    try:
        with open(on_host(PENDING), encoding="ascii") as file:
            armed_in = file.read()
    except FileNotFoundError:
        return
    if only_after_boot and armed_in == _boot():
        return
    _keep(_REFUSED)
    _put_in_force(_CONFIRMED)
    remove(on_host(PENDING))
    say("firewall: nobody came in by the new rules, the former ones are in force again")


def _keep(folder: str) -> None:
    """Copies what is in force; the folder is there whole or not at all."""
    staged = on_host(folder) + ".new"
    remove_tree(staged)
    make_directory(staged)
    for path in FILES:
        content, found = read(on_host(path))
        write_new(f"{staged}/{_name(path)}", content, found.st_mode & 0o777)
    remove_tree(on_host(folder))
    rename(staged, on_host(folder))


def _put_in_force(folder: str) -> None:
    """Loads kept rules; where nothing was ever kept, there is no firewall."""
    # ufw's own stop does nothing once its file says that it is off.
    must([on_host(_UFW), "force-stop"], "the firewall does not stop")
    for path in FILES:
        kept = f"{on_host(folder)}/{_name(path)}"
        if state(kept) is not None:
            content, found = read(kept)
            replace(on_host(path), content, found.st_mode & 0o777)
        elif path.endswith("ufw.conf"):
            replace(on_host(path), b"ENABLED=no\nLOGLEVEL=low\n", 0o644)
    must([on_host(_UFW), "start", "quiet"], "the firewall does not start")


def _differing(folder: str) -> list[str]:
    return [path for path in FILES if _content(path) != _content(f"{folder}/{_name(path)}")]


def _content(path: str) -> bytes | None:
    return read(on_host(path))[0] if state(on_host(path)) is not None else None


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-")


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _disarm() -> None:
    # There may be none: it has ended, or the host was booted since.
    run(["systemctl", "stop", f"{_TIMER}.timer"])
