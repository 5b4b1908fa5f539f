"""The state that each service declares; see `StateItem` in components/deployment/bundle.ts."""

import json
from dataclasses import dataclass
from typing import Any

from ..apply import manifest
from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import read, state

# As components/services/restore.ts writes it: by service.
_PLANNED = "/etc/mailstack-backup/state.json"


@dataclass(frozen=True)
class Item:
    """One of a service's."""

    service: str
    kind: str
    path: str
    owner: str
    # Of a database; files keep the modes that they had.
    mode: int
    exclude: tuple[str, ...]
    part: str
    socket: str

    def exists(self) -> bool:
        """Whether this host has it."""
        return state(on_host(self.path)) is not None


def declared(part: str | None = None) -> list[Item]:
    """Of every service that was applied here, by service and path."""
    items = [_item(applied.service, entry) for applied in manifest.load_all() for entry in applied.state]
    return sorted((each for each in items if part in (None, each.part)), key=lambda each: (each.service, each.path))


def planned(part: str | None = None) -> list[Item]:
    """Of every service of this deployment, including those that are not applied yet."""
    content, _ = read(on_host(_PLANNED))
    items = [_item(service, entry) for service, entries in json.loads(content).items() for entry in entries]
    return [each for each in items if part in (None, each.part)]


def of_service(service: str) -> list[Item]:
    """Raises where there are none."""
    found = [each for each in declared("state") if each.service == service]
    if not found:
        names = sorted({each.service for each in declared("state")})
        raise MailstackError(f"{service!r} has no state here; there is some of {', '.join(names) or 'nothing'}")
    return found


def _item(service: str, entry: dict[str, Any]) -> Item:
    return Item(
        service=service,
        kind=entry["kind"],
        path=entry["path"],
        owner=entry["owner"],
        mode=int(entry.get("mode", "0600"), 8),
        exclude=tuple(entry.get("exclude", ())),
        part=entry.get("part", "state"),
        socket=entry.get("socket", ""),
    )
