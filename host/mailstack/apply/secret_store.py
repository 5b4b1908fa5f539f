"""Secrets that came from the deploying program: one root-only file each, put into files while they are written."""

import json
import re

from ..atomic_file import private_directory, replace
from ..errors import MailstackError
from ..paths import SECRETS, on_host
from ..progress import mask
from ..safe_path import Refused, names_in, read, remove, set_ownership, sync_directory
from .shapes import a_map, matching, text

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PLACE = re.compile(r"@@secret:([^@\s]*)@@")


def load() -> dict[str, str]:
    """All secrets by name, without their last newline; none of them is shown from now on."""
    folder = on_host(SECRETS)
    secrets = {}
    for name in names_in(folder):
        if _NAME.fullmatch(name) and not name.endswith(".new"):
            content, _ = read(f"{folder}/{name}")
            secrets[name] = content.decode().removesuffix("\n")
            mask(secrets[name])
    return secrets


def fill_in(path: str, content: str, secrets: dict[str, str]) -> str:
    """Puts the secrets in. Raises for an unknown name, with the file and line."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in secrets:
            line = content.count("\n", 0, match.start()) + 1
            raise MailstackError(f"{path}:{line}: this host has no secret {name!r} in {SECRETS}; nothing was changed")
        return secrets[name]

    return _PLACE.sub(value, content)


def store(raw: str) -> int:
    """Makes the folder hold exactly these secrets (JSON object of name and value); returns how many there are."""
    try:
        data = json.loads(raw)
    except ValueError:
        # The parser's message may quote the text.
        raise MailstackError("the secrets on standard input are not JSON") from None
    secrets = a_map(data, "secrets", matching(_NAME, "secret name"), text)
    for name in secrets:
        if name.endswith(".new"):
            raise MailstackError(f"secrets: the name {name!r} must not end with `.new`")
    folder = on_host(SECRETS)
    private_directory(folder)
    set_ownership(folder, 0, 0, 0o700)
    old = set(names_in(folder))
    for name, content in secrets.items():
        path = f"{folder}/{name}"
        if name not in old or not _same(path, content):
            replace(path, content.encode(), 0o600)
    for name in old - secrets.keys():
        remove(f"{folder}/{name}")
    sync_directory(folder)
    return len(secrets)


def _same(path: str, content: str) -> bool:
    try:
        stored, found = read(path)
    except Refused:
        return False
    return (found.st_mode, found.st_uid, found.st_gid) == (0o100600, 0, 0) and stored == content.encode()
