"""Since when each DKIM key signs, and until when it did: kept beside the keys, and so in backups."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..atomic_file import as_json, replace
from ..errors import MailstackError
from ..paths import DKIM, on_host
from ..safe_path import read, state

_FILE = f"{DKIM}/signed.json"


@dataclass(frozen=True)
class Signed:
    """In seconds since 1970; without an end it still signs."""

    since: float
    until: float | None


def signed() -> dict[str, dict[str, Signed]]:
    """By domain and selector; empty before the first time."""
    try:
        data = json.loads(read(on_host(_FILE))[0])
        return {
            domain: {selector: Signed(each["since"], each["until"]) for selector, each in selectors.items()}
            for domain, selectors in data.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MailstackError(f"{_FILE} is damaged: restore it, or remove it") from None


def note(keys: Mapping[str, tuple[str, str]], now: float | None = None) -> None:
    """These sign from now on: selector and path by domain. What is noted of domains that are gone stays."""
    now = time.time() if now is None else now
    before = signed()
    after = dict(before)
    for domain, (selector, path) in keys.items():
        known = before.get(domain, {})
        ended = {name: each if each.until else Signed(each.since, now) for name, each in known.items()}
        current = known.get(selector)
        if not current or current.until:
            # The first one is as old as its key: it has signed all the time.
            current = Signed(now if known else made(path) or now, None)
        after[domain] = {**ended, selector: current}
    if after != before:
        data = {domain: {name: vars(each) for name, each in names.items()} for domain, names in after.items()}
        replace(on_host(_FILE), as_json(data), 0o600)


def made(path: str) -> float | None:
    """When a key was made on this host."""
    found = state(on_host(path))
    return found.st_mtime if found else None
