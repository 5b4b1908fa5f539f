"""Takes the administrator's certificate and key, if they are good, and lets the daemons use them.

The daemons get a copy that was checked: key and certificate are never replaced at the same moment, and a wrong one must
not stop a daemon.
"""

import glob
import os
import secrets
import stat
import time
from dataclasses import dataclass

from ..errors import MailstackError
from ..keys.certificate import FOLDER, RECORD
from ..paths import on_host
from ..programs import must, run
from ..safe_path import link_target, make_directory, remove, remove_tree, rename, state, symlink, write_new

_TRIES = 5
# No chain is larger.
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Existing:
    """Where the administrator keeps them, the names that they must be good for, and the units that serve them."""

    chain: str
    key: str
    names: list[str]
    units: list[str]


def take_patiently(wanted: Existing) -> None:
    """The two files are seldom replaced in the same moment, and systemd notices no change while this runs."""
    for _ in range(_TRIES):
        try:
            take(wanted)
            time.sleep(1)
            take(wanted)
            return
        except MailstackError:
            time.sleep(2)
    take(wanted)


def take(wanted: Existing) -> None:
    """Raises with what is wrong; every daemon then keeps the certificate that it has."""
    remove(on_host(RECORD))
    chain, key = _read(wanted.chain), _read(wanted.key)
    live = on_host(f"{FOLDER}/live")
    if _is_served(live, chain, key):
        return
    name = f"existing.{secrets.token_hex(4)}"
    new = on_host(f"{FOLDER}/{name}")
    make_directory(new)
    try:
        write_new(f"{new}/fullchain.pem", chain, 0o600)
        write_new(f"{new}/privkey.pem", key, 0o600)
        _check(wanted, new)
        remove(f"{live}.new")
        symlink(name, f"{live}.new")
        rename(f"{live}.new", live)
    except BaseException:
        remove_tree(new)
        raise
    for unit in wanted.units:
        must(["systemctl", "try-reload-or-restart", unit], "certificate")
    for folder in glob.glob(on_host(f"{FOLDER}/existing.*")):
        if folder != new:
            remove_tree(folder)


def _read(path: str) -> bytes:
    """A path of the administrator's, who may keep links there."""
    try:
        with open(on_host(path), "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _refusal(f"{path} is not a file: put one there, then run `pulumi up` again")
            return file.read(_LARGEST)
    except OSError:
        raise _refusal(f"{path} is not there: put it there, then run `pulumi up` again") from None


def _without_waiting(path: str, flags: int) -> int:
    """For a FIFO there is nobody who writes."""
    return os.open(path, flags | os.O_NONBLOCK)  # noqa: TID251 (to read)


def _is_served(live: str, chain: bytes, key: bytes) -> bool:
    if state(live) is None or not link_target(live).startswith("existing."):
        return False
    try:
        return (_read_own(f"{live}/fullchain.pem"), _read_own(f"{live}/privkey.pem")) == (chain, key)
    except FileNotFoundError:
        return False


def _read_own(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _check(wanted: Existing, new: str) -> None:
    chain, key = f"{new}/fullchain.pem", f"{new}/privkey.pem"
    public = run(["openssl", "x509", "-noout", "-pubkey", "-in", chain])
    if public.code != 0:
        raise _refusal(f"{wanted.chain} holds no certificate (PEM)")
    # The empty passphrase is so that openssl does not ask for one.
    own = run(["openssl", "pkey", "-pubout", "-passin", "pass:", "-in", key])
    if own.code != 0:
        raise _refusal(f"{wanted.key} holds no private key (PEM) without a passphrase")
    if public.out != own.out:
        why = f"does not belong to the certificate in {wanted.chain}, which must come first there"
        raise _refusal(f"the key in {wanted.key} {why}")
    if run(["openssl", "x509", "-noout", "-checkend", "0", "-in", chain]).code != 0:
        raise _refusal(f"the certificate in {wanted.chain} has ended")
    for name in wanted.names:
        # It ends with 0 whatever it finds.
        fits = run(["openssl", "x509", "-noout", "-checkhost", name, "-in", chain])
        if "does match" not in fits.out:
            why = "get one that is, or turn off what needs that name"
            raise _refusal(f"the certificate in {wanted.chain} is not for {name}: {why}")


def _refusal(why: str) -> MailstackError:
    return MailstackError(f"{why}; every daemon keeps the certificate that it has")
