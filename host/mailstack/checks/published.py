"""The records that the stack has published, as the servers of each zone answer them today."""

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..errors import MailstackError
from ..keys.dkim_keys import record
from ..keys.world_dns import Zone, ask, zone_of
from ..paths import DKIM, on_host
from .bad import Bad

FILE = "/usr/local/share/mailstack/records.json"
# (name, type) -> values
Ask = Callable[[str, str], list[str]]
_SHOWN = 3
# What a text record is for; others may stand beside it.
_KINDS = ("v=spf1", "v=dmarc1", "v=tlsrptv1", "v=stsv1", "v=dkim1")
# All that is there counts, also what others have put beside ours.
_AT_ONCE = 16


def records(_name: str) -> str:
    """Every record is there, and none beside it that voids it or wins."""
    with open(on_host(FILE), encoding="utf-8") as file:
        zones = json.load(file)["zones"]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wrong = [line for lines in pool.map(_of_zone, zones) for line in lines]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise Bad("; ".join(wrong[:_SHOWN]) + more)
    return f"{sum(len(zone['records']) for zone in zones)} records in {len(zones)} zones"


def _of_zone(zone: dict) -> list[str]:  # type: ignore[type-arg]
    try:
        servers: Zone = zone_of(zone["domain"])
        return differences(zone["records"], lambda name, kind: ask(servers, name, kind))
    except MailstackError as error:
        return [f"{zone['domain']}: {error.message}"]


def differences(wanted: list[dict], look: Ask) -> list[str]:  # type: ignore[type-arg]
    """One line for each set of records that is not as it was published."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda each: look(each["name"], each["type"]), wanted))
    return [line for each, values in zip(wanted, found, strict=True) for line in _compared(each, values)]


def _compared(wanted: dict, found: list[str]) -> list[str]:  # type: ignore[type-arg]
    name, kind = wanted["name"], wanted["type"]
    if wanted["values"] in (["@ipv4"], ["@ipv6"]):
        foreign = [address for address in found if not _is_ours(address)]
        if found and not foreign:
            return []
        return [
            f"{name} {kind}: leads to {foreign[0]}, which is not this host" if foreign else f"{name} {kind}: is missing"
        ]
    values = [_plain(kind, _own_key(name) if value == "@dkim" else value) for value in wanted["values"]]
    there = [_plain(kind, value) for value in found]
    if kind == "TXT":
        tag = _tag(values[0])
        there = [value for value in there if _tag(value) == tag]
        if len(there) > 1:
            return [f"{name} TXT: {len(there)} records {tag}, of which receivers take none"]
    missing = sorted(set(values) - set(there))
    # Others of the domain's hosts may be allowed other authorities.
    foreign = [] if kind == "CAA" else sorted(set(there) - set(values))
    if foreign:
        return [f"{name} {kind}: {foreign[0][:60]} is there, and must be {(missing or values)[0][:60]}"]
    return [f"{name} {kind}: {missing[0][:60]} is missing"] if missing else []


def _is_ours(address: str) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind((address, 0))
        except OSError:
            return False
    return True


def _own_key(name: str) -> str:
    """The record of the key of this name, SELECTOR._domainkey.DOMAIN."""
    selector, _, domain = name.partition("._domainkey.")
    return record(f"{DKIM}/{domain}.{selector}.key")


def _tag(text: str) -> str:
    first = text.replace(";", " ").split(" ")[0].lower()
    return first if first in _KINDS else ""


def _plain(kind: str, value: str) -> str:
    """The same text for what means the same."""
    return value if kind in ("TXT", "CAA") else value.lower()
