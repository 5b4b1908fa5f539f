"""What a service's last successful apply has put on the host: /var/lib/mailstack/manifests/SERVICE.json."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from ..atomic_file import as_json
from ..errors import MailstackError
from ..paths import MANIFESTS, on_host
from ..safe_path import names_in
from .bundle import Accounts, Bundle, Ownership
from .bundle_json import to_accounts


@dataclass(frozen=True)
class Applied(Ownership):
    """A file as it was written."""

    sha256: str


@dataclass(frozen=True)
class Original:
    """What was in a file's place before ours: a link, or a file, of which a copy is kept under that name."""

    link: str | None = None
    copy: str | None = None
    uid: int = 0
    gid: int = 0
    mode: int = 0


@dataclass(frozen=True)
class UnitBefore:
    """How a unit was before the service touched it for the first time."""

    active: bool
    enabled: bool


@dataclass(frozen=True)
class Manifest:
    """It holds no time and no secret, so that the same bundle gives the same bytes."""

    service: str
    # The bundle's digest.
    bundle: str
    files: dict[str, Applied]
    directories: dict[str, Ownership]
    packages: list[str]
    # Whether it should run.
    units: dict[str, bool]
    prepare: list[list[str]]
    backups: dict[str, Original]
    units_before: dict[str, UnitBefore]
    accounts: Accounts | None
    program: str | None
    state: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        made = {
            "service": self.service,
            "bundle": self.bundle,
            "files": {path: asdict(file) for path, file in self.files.items()},
            "directories": {path: asdict(directory) for path, directory in self.directories.items()},
            "packages": self.packages,
            "units": {name: {"running": running} for name, running in self.units.items()},
            "prepare": self.prepare,
            "backups": {path: _original_to_json(original) for path, original in self.backups.items()},
            "unitsBefore": {name: asdict(before) for name, before in self.units_before.items()},
        }
        if self.accounts:
            made["accounts"] = self.accounts.declared
        if self.program is not None:
            made["program"] = self.program
        # Only if there is some, so that the manifests of other services do not change.
        if self.state:
            made["state"] = self.state
        return made


def _original_to_json(original: Original) -> dict[str, Any]:
    if original.link is not None:
        return {"link": original.link}
    return {"copy": original.copy, "uid": original.uid, "gid": original.gid, "mode": original.mode}


def _from_json(found: dict[str, Any]) -> Manifest:
    return Manifest(
        service=found["service"],
        bundle=found["bundle"],
        files={path: Applied(**file) for path, file in found["files"].items()},
        directories={path: Ownership(**directory) for path, directory in found["directories"].items()},
        packages=found["packages"],
        units={name: unit["running"] for name, unit in found["units"].items()},
        prepare=found["prepare"],
        backups={path: Original(**original) for path, original in found["backups"].items()},
        units_before={name: UnitBefore(**before) for name, before in found["unitsBefore"].items()},
        accounts=to_accounts(found["accounts"]) if "accounts" in found else None,
        program=found.get("program"),
        state=found.get("state", []),
    )


def path_of(service: str) -> str:
    """The manifest's real path."""
    return on_host(f"{MANIFESTS}/{service}.json")


def load(service: str) -> Manifest | None:
    """The manifest, or nothing when the service was never applied."""
    path = path_of(service)
    try:
        with open(path, encoding="utf-8") as file:
            return _from_json(json.load(file))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise MailstackError(
            f"{path} cannot be read ({error}); remove it to let the next apply write it anew"
        ) from None


def load_all() -> list[Manifest]:
    """All manifests, by service name."""
    services = [name.removesuffix(".json") for name in names_in(on_host(MANIFESTS)) if name.endswith(".json")]
    return [manifest for manifest in map(load, services) if manifest is not None]


def digest(value: Any) -> str:
    """SHA-256 of the value's canonical JSON, hexadecimal."""
    return hashlib.sha256(as_json(value)).hexdigest()


def content_digest(content: bytes) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def build(
    bundle: Bundle, contents: dict[str, bytes], backups: dict[str, Original], units: dict[str, UnitBefore]
) -> Manifest:
    """The manifest of a bundle.

    `backups`: originals of files that were here before ours. `units`: how each unit was before this service came.
    """
    return Manifest(
        service=bundle.service,
        bundle=digest(bundle.declared),
        files={
            path: Applied(file.owner, file.mode, content_digest(contents[path])) for path, file in bundle.files.items()
        },
        directories=bundle.directories,
        packages=bundle.packages,
        units={name: unit.running for name, unit in bundle.units.items()},
        prepare=bundle.prepare,
        backups=backups,
        units_before=units,
        accounts=bundle.accounts,
        program=bundle.program,
        state=bundle.state,
    )
