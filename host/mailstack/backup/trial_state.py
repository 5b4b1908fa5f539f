"""Compares a restored state with its own table of contents, with the host, and with the DNS."""

import json
import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatch

from ..accounts.damage import damage
from ..errors import MailstackError
from ..keys import dkim
from ..keys.dkim_keys import record as record_of
from ..keys.world_dns import ask, zone_of
from ..paths import on_host
from ..programs import run
from ..safe_path import Refused, link_target, names_in, own_tree, read, state
from . import items
from .copies import CONTENTS
from .databases import is_whole, rows
from .items import Item
from .put_back import staged_path
from .snapshots import Snapshot
from .staging import staged

_LIVE = "/etc/letsencrypt/live"


class Compared:
    """`problems`, and what was looked at: `rows` of each database, `keys`, `certificates`."""

    def __init__(self, where: str, snapshot: Snapshot) -> None:
        self.where, self.snapshot = where, snapshot
        self.problems: list[str] = []
        self.rows: dict[str, dict[str, int]] = {}
        self.keys = self.certificates = 0
        # As on a restored host: modules that read keys trust a folder of root's only.
        own_tree(where, 0, 0)
        self.declared = items.declared("state")
        self._contents()
        self._keys()
        self._certificates()

    def _contents(self) -> None:
        path = staged(self.where, CONTENTS)
        if path is None:
            self.problems.append(f"the backup of {self.snapshot.shown} has no table of contents")
            return
        contents = json.loads(read(path)[0])
        told = {entry["path"] for entry in contents["items"]}
        for item in self.declared:
            found = staged(self.where, staged_path(item))
            if found is None:
                if item.path in told or self._is_old(item.path):
                    self.problems.append(f"{item.path} is not in the backup of {self.snapshot.shown}")
            elif item.kind == "files":
                self._files(item)
            elif item.kind == "redis":
                self._redis(item, found)
            else:
                self._database(item, found, contents.get("rows", {}).get(item.path))

    def _is_old(self, path: str) -> bool:
        """Whether the host had it when the backup was made."""
        found = state(on_host(path))
        return found is not None and found.st_ctime < self.snapshot.time

    def _files(self, item: Item) -> None:
        excluded = [on_host(pattern) for pattern in item.exclude]
        for path in _files_below(on_host(item.path)):
            shown = path.removeprefix(on_host(""))
            if any(fnmatch(path, pattern) for pattern in excluded) or state(f"{self.where}{path}") is not None:
                continue
            if self._is_old(shown):
                self.problems.append(f"{shown} is not in the backup of {self.snapshot.shown}")

    def _database(self, item: Item, found: str, told: dict[str, int] | None) -> None:
        if not is_whole(found):
            self.problems.append(f"{item.path} is damaged in the backup of {self.snapshot.shown}")
            return
        self.rows[item.path] = rows(found)
        if not self.rows[item.path]:
            self.problems.append(f"{item.path} has no tables in the backup of {self.snapshot.shown}")
        elif told is not None and told != self.rows[item.path]:
            self.problems.append(f"{item.path} has other rows than were backed up at {self.snapshot.shown}")
        if item.service == "accounts" and (wrong := damage(found.removeprefix(on_host("")))):
            self.problems.append(f"{wrong.replace(self.where, '')}, in the backup of {self.snapshot.shown}")

    def _redis(self, item: Item, found: str) -> None:
        answer = run(["redis-check-rdb", found], 600)
        if answer.code != 0:
            self.problems.append(f"{item.path} is damaged in the backup of {self.snapshot.shown}")

    def _keys(self) -> None:
        """Each key that signs is the one that receivers find; one that waits for its record is there."""
        if state(on_host(dkim.WANTED)) is None:
            return
        waits = dkim.waiting()
        for domain, key in [*(dkim.wanted() | dkim.signing()).items(), *waits.items()]:
            try:
                value = record_of(f"{self.where}{on_host(key.path)}".removeprefix(on_host("")))
            except FileNotFoundError:
                if self._is_old(key.path) or state(on_host(key.path)) is None:
                    self.problems.append(f"{key.path} is not in the backup of {self.snapshot.shown}")
                continue
            except MailstackError as error:
                self.problems.append(error.message.replace(self.where, ""))
                continue
            self.keys += 1
            if waits.get(domain) == key:
                continue
            name = f"{key.selector}._domainkey.{domain}"
            try:
                published = ask(zone_of(domain), name, "TXT")
            except MailstackError as error:
                self.problems.append(error.message)
                continue
            if value not in published:
                self.problems.append(f"{key.path} in the backup of {self.snapshot.shown} is not the key of {name}")

    def _certificates(self) -> None:
        live = staged(self.where, _LIVE)
        for name in names_in(live) if live else []:
            if (found := state(f"{live}/{name}")) is None or not stat.S_ISDIR(found.st_mode):
                continue
            self.certificates += 1
            try:
                one = _public(["openssl", "x509", "-noout", "-pubkey"], self._linked(f"{live}/{name}/fullchain.pem"))
                other = _public(["openssl", "pkey", "-pubout"], self._linked(f"{live}/{name}/privkey.pem"))
            except (FileNotFoundError, Refused):
                one = other = ""
            if not one or one != other:
                self.problems.append(
                    f"{_LIVE}/{name}: certificate and key do not fit in the backup of {self.snapshot.shown}"
                )

    def _linked(self, path: str) -> str:
        """Content of a file of certbot's, which are links to ../../archive; nothing else is followed."""
        goal = os.path.normpath(os.path.join(os.path.dirname(path), link_target(path)))
        if not goal.startswith(self.where + "/"):
            raise Refused(f"{path.removeprefix(self.where)} leads elsewhere")
        return read(goal)[0].decode("ascii", "replace")


def _public(argv: list[str], text: str) -> str:
    answer = run(argv, text=text)
    return answer.out.strip() if answer.code == 0 else ""


def _files_below(top: str) -> Iterator[str]:
    """Files and links; state of this kind is small."""
    for name in names_in(top):
        path = f"{top}/{name}"
        found = state(path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            yield from _files_below(path)
        elif found is not None:
            yield path
