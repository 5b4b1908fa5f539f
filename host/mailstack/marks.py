"""What this host remembers about itself in one file of root's each: that it was restored, or has handed over."""

import json
from typing import Any

from . import atomic_file
from .errors import MailstackError
from .paths import STATE, on_host
from .safe_path import Refused
from .safe_path import read as read_file


def read(path: str) -> dict[str, Any] | None:
    """None before it is written. Raises for one that cannot be read: it decides what is done to mail."""
    try:
        content, _ = read_file(on_host(path))
        return json.loads(content)
    except FileNotFoundError:
        return None
    except (Refused, ValueError) as error:
        raise MailstackError(f"{path} cannot be read: {error}") from None


def write(path: str, value: dict[str, Any]) -> None:
    """Replaces it."""
    atomic_file.private_directory(on_host(STATE))
    atomic_file.replace(on_host(path), atomic_file.as_json(value))
