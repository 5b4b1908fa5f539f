"""DKIM keys: made on this host, in a directory that root alone writes to, readable for Rspamd.

Beside each key is its public half, as it was published: `DOMAIN.SELECTOR.key` and `DOMAIN.SELECTOR.record`.
"""

import os
import stat

from ..apply.identities import names, numbers
from ..atomic_file import private_directory
from ..errors import MailstackError
from ..paths import DKIM, on_host
from ..programs import must, run
from ..safe_path import Refused, read, remove, rename, set_ownership, state, write_new

_OWNER, _MODE, _DIRECTORY_MODE = "root:_rspamd", 0o640, 0o750
# Where older versions had them. Rspamd owns what is around it, and may have put anything there.
BEFORE = "/var/lib/rspamd/dkim"
_KEY_BITS = 2048


def make(paths: list[str]) -> None:
    """Makes the missing ones. A key of an older version is taken over, and its copy removed by the next call."""
    _, group = numbers(_OWNER, "dkim")
    private_directory(on_host(DKIM))
    set_ownership(on_host(DKIM), 0, group, _DIRECTORY_MODE)
    for path in paths:
        if os.path.dirname(path) != DKIM:
            raise MailstackError(f"{path} is not in {DKIM}", exit_code=2)
        before = on_host(f"{BEFORE}/{os.path.basename(path)}")
        if state(on_host(path)) is None:
            if state(on_host(_record_path(path))) is not None:
                raise MailstackError(_missing(path))
            _put(path, _taken_over(before) or _generated(), group, _MODE)
        elif _content(before) == _content(on_host(path)):
            # Not in the same deployment: one that is put back needs it.
            remove(before)
        if state(on_host(_record_path(path))) is None:
            _put(_record_path(path), f"{record(path)}\n".encode(), group, _MODE)


def record(path: str) -> str:
    """The value of the key's DNS record."""
    return _record(read(on_host(path))[0], path)


def problem(path: str) -> str | None:
    """What is wrong with a key that signs, in a few words."""
    try:
        key, found = read(on_host(path))
        published = read(on_host(_record_path(path)))[0].decode("utf-8", "replace").strip()
        present = _record(key, path)
    except FileNotFoundError as error:
        return _missing(path) if error.filename == on_host(path) else f"{_record_path(path)} is missing"
    except MailstackError as error:
        return error.message
    if present != published:
        return f"{path} is not the key that was published: restore it, or set another mailstack:dkimSelector"
    owner, mode = names(found.st_uid, found.st_gid), stat.S_IMODE(found.st_mode)
    return None if (owner, mode) == (_OWNER, _MODE) else f"{path} is {owner} {mode:04o}, not {_OWNER} {_MODE:04o}"


def keys_of(prepare: list[list[str]]) -> list[str]:
    """The keys that a bundle's prepare programs make."""
    return [path for argv in prepare if argv[1:3] == ["dkim", "make"] for path in argv[3:]]


def _missing(path: str) -> str:
    return f"{path} is missing, but its record is published: restore it, or set another mailstack:dkimSelector"


def _record_path(path: str) -> str:
    return path.removesuffix(".key") + ".record"


def _record(key: bytes, path: str) -> str:
    # Through standard input: openssl itself opens whatever has the name.
    read_key = ["openssl", "pkey", "-pubout", "-outform", "PEM"]
    answer = run(read_key, text=key.decode("ascii", "replace"))
    lines = answer.out.split()
    if answer.code != 0 or len(lines) < 7:
        raise MailstackError(f"{path} holds no private key: restore it, or set another mailstack:dkimSelector")
    return "v=DKIM1; k=rsa; p=" + "".join(lines[3:-3])


def _content(path: str) -> bytes | None:
    try:
        return read(path)[0]
    except (FileNotFoundError, Refused):
        return None


def _taken_over(before: str) -> bytes | None:
    try:
        key, found = read(before)
    except FileNotFoundError:
        return None
    if found.st_uid != 0:
        raise Refused(f"{before} was not made by root: look who made it, remove it, and try again")
    _record(key, before)
    return key


def _generated() -> bytes:
    return must(["openssl", "genrsa", str(_KEY_BITS)], "a DKIM key").out.encode()


def _put(path: str, content: bytes, group: int, mode: int) -> None:
    real = on_host(path)
    remove(f"{real}.new")
    write_new(f"{real}.new", content, mode, 0, group)
    rename(f"{real}.new", real)
