"""`mailstack dkim`: the keys of each domain, and which step of a rotation is due (docs/admin/dkim.md)."""

import os
import re
import time
from typing import Any

from ..paths import DKIM, on_host
from .dkim import Wanted, settings, signing
from .dkim_record import absences, record_name
from .dkim_times import Signed, made, signed

_DAY = 86_400.0
# As components/history/history.ts: mail may be on its way for five days.
_ON_ITS_WAY = 7 * _DAY


def report() -> dict[str, Any]:
    """`domains`: each with its `keys`; `next`: what to do, a sentence each."""
    wants, noted = settings(), signed()
    now = {name: key.selector for name, key in signing().items()}
    keys = [
        (domain, selector, f"{DKIM}/{domain}.{selector}.key")
        for domain in sorted(wants.signing)
        for selector in _selectors(domain, wants)
    ]
    missing = absences(keys)
    domains: dict[str, list[dict[str, Any]]] = {domain: [] for domain in sorted(wants.signing)}
    for domain, selector, path in keys:
        times = noted.get(domain, {}).get(selector)
        domains[domain].append(
            {
                "selector": selector,
                "does": _does(domain, selector, wants, now),
                "made": _day(made(path)),
                "since": _day(times.since) if times else None,
                "until": _day(times.until) if times else None,
                "absent": missing.get((domain, selector)),
            }
        )
    return {
        "domains": [{"domain": domain, "keys": entries} for domain, entries in domains.items()],
        "next": _next(wants, now, noted, missing),
    }


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines: list[str] = []
    for domain in found["domains"]:
        lines.append(domain["domain"])
        width = max(len(key["selector"]) for key in domain["keys"])
        for key in domain["keys"]:
            dns = f"not in the DNS: {key['absent']}" if key["absent"] else "in the DNS"
            lines.append(f"  {key['selector']:{width}}  {_words(key)}; {dns}")
    return "\n".join([*lines, *(f"next: {step}" for step in found["next"])])


def too_old() -> str | None:
    """A sentence when a key that signs is older than the settings allow."""
    most = settings().most_days
    for domain, key in sorted(signing().items()):
        days = int((time.time() - (made(key.path) or time.time())) / _DAY)
        if most and days > most:
            return (
                f"the key {record_name(domain, key.selector)} is {days} days old, and mailstack:dkimMaxAgeDays is "
                f"{most}: `mailstack dkim` tells how to replace it"
            )
    return None


def _selectors(domain: str, wants: Wanted) -> list[str]:
    """The one that should sign, the others, and those whose keys are still there."""
    declared = [wants.signing[domain].selector, *(key.selector for key in wants.others.get(domain, []))]
    pattern = re.compile(re.escape(domain) + r"\.([a-z0-9-]+)\.key")
    found = (pattern.fullmatch(name) for name in sorted(os.listdir(on_host(DKIM))))
    return declared + [match[1] for match in found if match and match[1] not in declared]


def _does(domain: str, selector: str, wants: Wanted, now: dict[str, str]) -> str:
    if now.get(domain) == selector:
        return "signs"
    if wants.signing[domain].selector == selector:
        return "waits"
    others = (key.selector for key in wants.others.get(domain, []))
    return "published" if selector in others else "unused"


def _words(key: dict[str, Any]) -> str:
    signed_until = f", signed until {key['until']}" if key["until"] else ""
    return {
        "signs": f"signs since {key['since'] or key['made']}",
        "waits": "signs once it is in the DNS",
        "published": f"does not sign{signed_until}",
        "unused": f"not in the settings{signed_until}",
    }[key["does"]]


def _next(
    wants: Wanted,
    now: dict[str, str],
    noted: dict[str, dict[str, Signed]],
    missing: dict[tuple[str, str], str],
) -> list[str]:
    waiting = sorted({key.selector for name, key in wants.signing.items() if now.get(name) not in (None, key.selector)})
    if waiting:
        return [f"nothing: {waiting[0]} signs as soon as its record is in the DNS, which is looked for every minute"]
    signs = next(iter(wants.signing.values())).selector
    others = sorted({key.selector for keys in wants.others.values() for key in keys})
    steps = [_step(signs, other, list(wants.signing), noted, missing) for other in others]
    if steps:
        return steps
    if too_old():
        return [f"choose a new name, put it into mailstack:dkimOtherSelectors, and run `pulumi up`: {signs} is too old"]
    ages = [when for key in wants.signing.values() if (when := made(key.path))]
    if not wants.most_days or not ages:
        return ["nothing"]
    return [f"nothing until {_day(min(ages) + wants.most_days * _DAY)}, when {signs} is {wants.most_days} days old"]


def _step(
    signs: str,
    other: str,
    domains: list[str],
    noted: dict[str, dict[str, Signed]],
    missing: dict[tuple[str, str], str],
) -> str:
    ends = [each.until for name in domains if (each := noted.get(name, {}).get(other)) and each.until]
    if ends:
        due = max(ends) + _ON_ITS_WAY
        out = f"take {other} out of mailstack:dkimOtherSelectors, and run `pulumi up`"
        return out if due <= time.time() else f"from {_day(due + _DAY)} on, {out}"
    absent = [record_name(name, other) for name in domains if (name, other) in missing]
    if absent:
        return f"wait until {absent[0]} is in the DNS; where it was deleted, run `pulumi up --refresh`"
    return (
        f"let {other} sign: set mailstack:dkimSelector to {other}, put {signs} in its place in "
        "mailstack:dkimOtherSelectors, and run `pulumi up`"
    )


def _day(seconds: float | None) -> str | None:
    return None if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))
