"""Passwords of mailboxes, stored as SHA512-CRYPT; a generated one can be read until the user changes it."""

import ctypes
import hmac
import secrets

from ..atomic_file import private_directory, replace
from ..errors import MailstackError
from ..paths import INITIAL_PASSWORDS, on_host
from ..programs import must
from ..progress import mask
from ..safe_path import names_in, remove

# No characters that look alike; 4 groups of 6 of these 31 characters are 118 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 6
_SCHEME = "{SHA512-CRYPT}"


def generate() -> str:
    """A new password that can be read aloud."""
    word = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    mask(word)
    return word


def hashes(passwords: list[str]) -> list[str]:
    """As Dovecot stores them. The passwords go through standard input: arguments are public."""
    if not passwords:
        return []
    text = "".join(password + "\n" for password in passwords)
    lines = must(["openssl", "passwd", "-6", "-stdin"], "password hash", text=text).out.split()
    if len(lines) != len(passwords) or not all(line.startswith("$6$") for line in lines):
        raise MailstackError("openssl gave no SHA512-CRYPT hash")
    return [_SCHEME + line for line in lines]


def fits(password: str, stored: str) -> bool:
    """Whether this is the password of a stored hash. Python 3.13 has no crypt(3) of its own any more."""
    hashed = stored.removeprefix(_SCHEME).encode()
    if "\x00" in password or not hashed.startswith(b"$6$"):
        return False
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.argtypes, crypt.restype = [ctypes.c_char_p, ctypes.c_char_p], ctypes.c_char_p
    made: bytes | None = crypt(password.encode(), hashed)
    return made is not None and hmac.compare_digest(made, hashed)


def keep_initial(address: str, password: str) -> None:
    """Stores a generated password for root to read and pass on."""
    private_directory(on_host(INITIAL_PASSWORDS))
    replace(_file(address), f"{password}\n".encode(), 0o600)


def initial(address: str) -> str | None:
    """The generated password, as long as it is kept."""
    try:
        with open(_file(address), encoding="utf-8") as file:
            return file.read().rstrip("\n")
    except FileNotFoundError:
        return None


def forget_initial(address: str) -> bool:
    """The user has an own password now."""
    return remove(_file(address))


def addresses_with_initial() -> list[str]:
    """Whose generated passwords are kept."""
    return [name for name in names_in(on_host(INITIAL_PASSWORDS)) if "@" in name]


def _file(address: str) -> str:
    return on_host(f"{INITIAL_PASSWORDS}/{address}")
