"""Settings and secrets for backups, written by the deployment (templates/restore-state); only root can read them."""

import json
from dataclasses import dataclass, fields

from ..errors import MailstackError
from ..paths import on_host
from ..progress import mask
from ..safe_path import read

FOLDER = "/etc/mailstack-backup"
FILE = FOLDER + "/settings.json"
# Exists on a protected host without backups.
NONE = FOLDER + "/none"
PASSWORD = FOLDER + "/password"
SSH_KEY = FOLDER + "/ssh-key"
KNOWN_HOSTS = FOLDER + "/known-hosts"


@dataclass(frozen=True)
class Settings:
    """As in templates/restore-state/etc/mailstack-backup/settings.json."""

    # The host's name, under which snapshots are listed. It may change; `identity` does not.
    hostname: str
    mailDays: int
    stateDays: int
    # A run is overdue after so many hours.
    lateHours: int
    # The server deletes old backups itself.
    appendOnly: bool
    # What a new host starts with: `auto`, `nothing`, or a time.
    restoreFrom: str = "auto"
    repository: str = ""
    identity: str = ""
    # Whether this stack has no backups in this repository yet, so that an empty one is no loss.
    begins: bool = True


def load() -> Settings:
    """Raises an error if the stack has no backups."""
    try:
        content, _ = read(on_host(FILE))
    except FileNotFoundError:
        raise MailstackError("this host has no backups; set mailstack:backupRepository and run pulumi up") from None
    known = {field.name for field in fields(Settings)}
    plain = {key: value for key, value in json.loads(content).items() if key in known}
    begins = secret("begins") != "no"
    return Settings(**plain, repository=secret("repository"), identity=secret("identity"), begins=begins)


def secret(name: str) -> str:
    """Masked in all output from now on; empty if the stack has none."""
    try:
        content, _ = read(on_host(f"{FOLDER}/{name}"))
    except FileNotFoundError:
        return ""
    value = content.decode().strip()
    # These are not secret, and appear in messages.
    if name not in ("repository", "identity", "begins"):
        mask(value)
    return value
