"""Which DKIM key signs.

A new selector signs for a domain once every server of its zone has the key's record. Until then the former one goes
on, whose record is still there: receivers find each signature's key.
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..atomic_file import replace
from ..errors import MailstackError
from ..paths import on_host
from ..programs import must, run
from ..progress import say
from ..safe_path import state
from .dkim_keys import BEFORE, make, record
from .world_dns import ask_server, zone_of

# The bundle's file: what is wanted.
WANTED = "/usr/local/share/mailstack/dkim.json"
# What Rspamd reads, in both of its modules that sign.
SIGNING = "/etc/rspamd/dkim_domains.inc"
_ENTRY = re.compile(r'"([^"]+)" \{\s+selector = "([^"]+)";\s+path = "([^"]+)";')
_TIMER = "mailstack-dkim.timer"
_PAUSE = 3.0


@dataclass(frozen=True)
class Key:
    """The key of one domain."""

    selector: str
    path: str


def wanted() -> dict[str, Key]:
    """By domain, as the stack's settings say."""
    with open(on_host(WANTED), encoding="utf-8") as file:
        data = json.load(file)
    return {each["name"]: Key(each["selector"], each["key"]) for each in data["domains"]}


def signing() -> dict[str, Key]:
    """By domain, as Rspamd reads it; empty before the first time."""
    try:
        with open(on_host(SIGNING), encoding="utf-8") as file:
            return {name: Key(selector, path) for name, selector, path in _ENTRY.findall(file.read())}
    except FileNotFoundError:
        return {}


def waiting() -> dict[str, Key]:
    """Domains whose new key does not sign yet."""
    now = signing()
    return {name: key for name, key in wanted().items() if now.get(name, key).selector != key.selector}


def prepare() -> None:
    """Before missing keys are made: who signs from now on. What signs goes on, while its key is there."""
    now = signing()
    keys = {name: _first(name, key, now.get(name)) for name, key in wanted().items()}
    former = [key.path for name, key in keys.items() if key != wanted()[name]]
    if former:
        # They may still be where older versions had them.
        make(former)
    _write(keys)


def _first(domain: str, key: Key, current: Key | None) -> Key:
    folder, own = os.path.split(key.path)
    pattern = re.compile(re.escape(domain) + r"\.([a-z0-9-]+)\.key")
    times = {**_times(BEFORE), **_times(folder)}
    if current and current.selector != key.selector and os.path.basename(current.path) in times:
        return Key(current.selector, f"{folder}/{os.path.basename(current.path)}")
    # Keys of before this program chose: the newest has signed.
    former = sorted((time, name) for name, time in times.items() if pattern.fullmatch(name))
    if own in times or not former:
        return key
    name = former[-1][1]
    return Key(pattern.fullmatch(name)[1], f"{folder}/{name}")  # type: ignore[index]


def _times(folder: str) -> dict[str, float]:
    """When each file was made, by name."""
    try:
        names = os.listdir(on_host(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = {name: state(on_host(f"{folder}/{name}")) for name in names}
    return {name: each.st_mtime for name, each in found.items() if each}


def switch(wait: float, seen: Callable[[str, Key], bool] | None = None) -> list[str]:
    """Lets new keys sign whose record is in the DNS, and returns the domains that still wait for theirs."""
    look = seen or in_dns
    ends = time.monotonic() + wait
    while True:
        left = waiting()
        done = {name: key for name, key in left.items() if look(name, key)}
        if done:
            _write({**{name: key for name, key in signing().items() if name in wanted()}, **done})
            must(["systemctl", "reload", "rspamd.service"], "Rspamd does not take the new key")
            for name, key in done.items():
                say(f"dkim: {name} is signed with {key.selector} from now on")
        if len(done) == len(left) or time.monotonic() >= ends:
            watch()
            return sorted(left.keys() - done.keys())
        time.sleep(_PAUSE)


def watch() -> None:
    """A timer goes on looking while a key waits."""
    run(["systemctl", "--quiet", "enable" if waiting() else "disable", "--now", _TIMER])


def in_dns(domain: str, key: Key) -> bool:
    """Every server of the zone has the key's record."""
    public = record(key.path)
    try:
        servers = zone_of(domain).servers
    except MailstackError:
        return False
    name = f"{key.selector}._domainkey.{domain}"
    return bool(servers) and all((ask_server(server, name, "TXT") or []) == [public] for server in servers)


def _write(keys: dict[str, Key]) -> None:
    text = "# Written by Mailstack, also when a new key begins to sign.\n" + "".join(
        f'"{name}" {{\n  selector = "{key.selector}";\n  path = "{key.path}";\n}}\n'
        for name, key in sorted(keys.items())
    )
    replace(on_host(SIGNING), text.encode(), 0o644)
