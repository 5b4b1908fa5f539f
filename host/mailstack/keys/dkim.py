"""Which DKIM key signs.

A new selector signs for a domain once every server of its zone has the key's record. Until then the former one goes
on, whose record is still there: receivers find each signature's key. Where the settings name other selectors, whoever
deploys publishes a key before it signs: one whose record is not there yet is refused, and nothing is changed.
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..atomic_file import replace
from ..errors import MailstackError
from ..paths import DKIM, on_host
from ..programs import must, run
from ..progress import say
from ..safe_path import state
from .dkim_keys import BEFORE, make
from .dkim_record import absences, absent, record_name
from .dkim_times import note, signed

# The bundle's file: what is wanted.
WANTED = "/usr/local/share/mailstack/dkim.json"
# What Rspamd reads, in both of its modules that sign.
SIGNING = "/etc/rspamd/dkim_domains.inc"
_ENTRY = re.compile(r'"([^"]+)" \{\s+selector = "([^"]+)";\s+path = "([^"]+)";')
_TIMER = "mailstack-dkim.timer"
_PAUSE = 3.0
# A server that does not answer at once is asked again before a key is refused.
_PATIENCE = 15.0


@dataclass(frozen=True)
class Key:
    """The key of one domain."""

    selector: str
    path: str


@dataclass(frozen=True)
class Wanted:
    """What the stack's settings say."""

    # By domain.
    signing: dict[str, Key]
    # Published, and not signing.
    others: dict[str, list[Key]]
    # Of the key that signs; 0: any age.
    most_days: int


def settings() -> Wanted:
    """As the last deployment left them; those of older versions know of one key a domain."""
    with open(on_host(WANTED), encoding="utf-8") as file:
        data = json.load(file)
    others = {
        each["name"]: [Key(other["selector"], other["key"]) for other in each.get("others", [])]
        for each in data["domains"]
    }
    keys = {each["name"]: Key(each["selector"], each["key"]) for each in data["domains"]}
    return Wanted(keys, others, data.get("maxAgeDays", 0))


def wanted() -> dict[str, Key]:
    """Who should sign, by domain."""
    return settings().signing


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
    _refuse_unpublished(now)
    # A host that was restored knows by the backup who signed.
    before = {**_noted(), **now}
    keys = {name: _first(name, key, before.get(name)) for name, key in wanted().items()}
    former = [key.path for name, key in keys.items() if key != wanted()[name]]
    if former:
        # They may still be where older versions had them.
        make(former)
    _write(keys)


def _refuse_unpublished(now: dict[str, Key]) -> None:
    wants = settings()
    if not any(wants.others.values()):
        return
    new = [
        (name, key.selector, key.path)
        for name, key in wants.signing.items()
        if name in now and now[name].selector != key.selector
    ]
    missing = absences(new, _PATIENCE) if new else {}
    for (name, selector), why in missing.items():
        former, record = now[name].selector, record_name(name, selector)
        raise MailstackError(
            f"{selector} cannot sign yet: {record} is not in the DNS with this host's key ({why}); "
            f"set mailstack:dkimSelector back to {former} and put {selector} into mailstack:dkimOtherSelectors; "
            "`mailstack dkim` tells when they can change places"
        )


def _noted() -> dict[str, Key]:
    return {
        domain: Key(selector, f"{DKIM}/{domain}.{selector}.key")
        for domain, selectors in signed().items()
        for selector, each in selectors.items()
        if each.until is None
    }


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
    """Notes who signs; a timer goes on looking while a key waits."""
    note({name: (key.selector, key.path) for name, key in signing().items()})
    run(["systemctl", "--quiet", "enable" if waiting() else "disable", "--now", _TIMER])


def in_dns(domain: str, key: Key) -> bool:
    """Every server of the zone has the key's record."""
    return absent(domain, key.selector, key.path) is None


def _write(keys: dict[str, Key]) -> None:
    text = "# Written by Mailstack, also when a new key begins to sign.\n" + "".join(
        f'"{name}" {{\n  selector = "{key.selector}";\n  path = "{key.path}";\n}}\n'
        for name, key in sorted(keys.items())
    )
    replace(on_host(SIGNING), text.encode(), 0o644)
