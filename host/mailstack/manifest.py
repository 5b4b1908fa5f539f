"""What a service's last successful apply has put on the host: /var/lib/mailstack/manifests/SERVICE.json."""

import hashlib
import json
from typing import Any

from .durable import as_json
from .errors import MailstackError
from .paths import MANIFESTS, on_host
from .safe_path import names_in


def path_of(service: str) -> str:
    """The manifest's real path."""
    return on_host(f"{MANIFESTS}/{service}.json")


def load(service: str) -> dict[str, Any] | None:
    """The manifest, or nothing when the service was never applied."""
    path = path_of(service)
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MailstackError(
            f"{path} cannot be read ({error}); remove it to let the next apply write it anew"
        ) from None


def load_all() -> list[dict[str, Any]]:
    """All manifests, by service name."""
    services = [name.removesuffix(".json") for name in names_in(on_host(MANIFESTS)) if name.endswith(".json")]
    return [manifest for manifest in map(load, services) if manifest is not None]


def digest(value: Any) -> str:
    """SHA-256 of the value's canonical JSON, hexadecimal."""
    return hashlib.sha256(as_json(value)).hexdigest()


def content_digest(content: bytes) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def build(bundle: dict[str, Any], contents: dict[str, bytes], backups: dict[str, Any], units: Any) -> dict[str, Any]:
    """The manifest of a bundle. It holds no time and no secret, so that the same bundle gives the same bytes.

    `backups`: originals of files that were here before ours. `units`: how each unit was before this service came.
    """
    files = {
        path: {"owner": file["owner"], "mode": file["mode"], "sha256": content_digest(contents[path])}
        for path, file in bundle["files"].items()
    }
    made = {
        "service": bundle["service"],
        "bundle": digest(bundle),
        "files": files,
        "directories": bundle["directories"],
        "packages": bundle["packages"],
        "units": {name: {"running": unit.get("running", True)} for name, unit in bundle["units"].items()},
        "prepare": bundle["prepare"],
        "backups": backups,
        "unitsBefore": units,
    }
    return made | {key: bundle[key] for key in ("accounts", "program") if key in bundle}
