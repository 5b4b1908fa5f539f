"""What a bundle declares: the contract with components/deployment/bundle.ts, which says what each part means."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Ownership:
    """`user:group` and octal mode of a file or a directory."""

    owner: str
    mode: str


@dataclass(frozen=True)
class File(Ownership):
    """Everything one file must be; secrets are names here."""

    content: str


@dataclass(frozen=True)
class Group:
    """A system group; any number with None."""

    gid: int | None = None


@dataclass(frozen=True)
class User:
    """A system user."""

    group: str
    uid: int | None = None
    home: str = "/nonexistent"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """What a change of the bundle's files does to a systemd unit."""

    on_change: Literal["reload", "restart", "none"]
    restart_on: frozenset[str] = frozenset()
    running: bool = True
    only_with: str | None = None


@dataclass(frozen=True)
class Check:
    """A check that a daemon answers: exactly one of `tcp`, `socket` and `run` is there."""

    tcp: str = ""
    expect: str = ""
    socket: str = ""
    run: tuple[str, ...] = ()
    timeout_seconds: float | None = None


@dataclass(frozen=True)
class MailUser:
    """A mailbox."""

    address: str
    quota_mb: int
    password_version: int


@dataclass(frozen=True)
class Alias:
    """An address that leads to others; `@domain` is all of a domain that is nobody's."""

    source: str
    destinations: tuple[str, ...]


@dataclass(frozen=True)
class Accounts:
    """Domains, users and aliases; `declared` is their JSON."""

    database: str
    domains: tuple[str, ...]
    users: tuple[MailUser, ...]
    aliases: tuple[Alias, ...]
    declared: dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """Everything the host must hold for one service; `declared` is its JSON, with empty parts filled in."""

    service: str
    files: dict[str, File]
    directories: dict[str, Ownership]
    program: str | None
    packages: list[str]
    debconf: list[str]
    groups: dict[str, Group]
    users: dict[str, User]
    prepare: list[list[str]]
    validate: list[list[str]]
    validate_silent: list[list[str]]
    units: dict[str, Unit]
    health: list[Check]
    after: list[list[str]]
    outputs: dict[str, list[str]]
    # What backups contain of it, as declared.
    state: list[dict[str, Any]]
    accounts: Accounts | None
    declared: dict[str, Any]
