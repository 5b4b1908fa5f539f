"""Reads a bundle's JSON. Everything unknown is refused."""

import json
import posixpath
import re
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import MailstackError
from ..paths import FORBIDDEN
from .bundle import Accounts, Alias, Bundle, Check, File, Group, MailUser, Ownership, Unit, User
from .shapes import a_list, a_map, an_object, boolean, invalid, matching, number, one_of, text

_T = TypeVar("_T")

SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAME = r"[a-z_][a-z0-9_-]{0,31}"
_OWNER = re.compile(f"{_NAME}:{_NAME}")
_MODE = re.compile(r"0?[0-7]{3}|[0-7]{4}")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|path|target|mount|swap|slice)")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_ADDRESS = re.compile(r"[^@\s/\x00-\x1fA-Z]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
# Anybody's: only its own server knows whether the case of the local part matters.
_DESTINATION = re.compile(r"[!#-'*+/-9=?A-Z^-~.-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_SOURCE = re.compile(r"[^@\s/\x00-\x1fA-Z]*@[a-z0-9-]+(\.[a-z0-9-]+)+")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def host_path(value: Any, where: str) -> str:
    """An absolute, normal path outside the program's own folders."""
    path = text(value, where)
    if not path.startswith("/") or posixpath.normpath(path) != path or "\n" in path or "\x00" in path:
        raise invalid(where, f"{path!r} is not a plain absolute path")
    if any((path + "/").startswith(folder) for folder in FORBIDDEN):
        raise invalid(where, f"{path!r} is not a bundle's to write")
    return path


def command(value: Any, where: str) -> list[str]:
    """An argument list with at least the program's name."""
    argv = a_list(value, where, text)
    if not argv or not argv[0]:
        raise invalid(where, "needs a program's name")
    return argv


def parse(raw: str, service: str) -> Bundle:
    """The bundle of this service. Raises with the path of the first wrong value."""
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise MailstackError(f"the bundle on standard input is not JSON: {error}") from None
    declared = an_object(
        data,
        "bundle",
        {
            "service": matching(SERVICE, "service name"),
            "program": text,
            "packages": lambda v, w: a_list(v, w, matching(_PACKAGE, "package name")),
            "debconf": lambda v, w: a_list(v, w, text),
            "groups": lambda v, w: a_map(v, w, matching(re.compile(_NAME), "group name"), _group),
            "users": lambda v, w: a_map(v, w, matching(re.compile(_NAME), "user name"), _user),
            "directories": lambda v, w: a_map(v, w, host_path, _directory),
            "files": lambda v, w: a_map(v, w, host_path, _file),
            "prepare": _commands,
            "validate": _commands,
            "validateSilent": _commands,
            "units": lambda v, w: a_map(v, w, matching(_UNIT, "unit name with its ending"), _unit),
            "health": lambda v, w: a_list(v, w, _check),
            "after": _commands,
            "outputs": lambda v, w: a_map(v, w, text, command),
            "state": lambda v, w: a_list(v, w, _state),
            "accounts": _accounts,
        },
        required={"service", "files"},
    )
    if declared["service"] != service:
        raise MailstackError(f"the bundle is for {declared['service']!r}, not for {service!r}")
    for key in ("packages", "debconf", "prepare", "validate", "validateSilent", "health", "after"):
        declared.setdefault(key, [])
    for key in ("groups", "users", "directories", "units", "outputs"):
        declared.setdefault(key, {})
    both = declared["files"].keys() & declared["directories"].keys()
    if both:
        raise invalid("bundle.files", f"{min(both)!r} is also a directory")
    return Bundle(
        service=service,
        files=_each(declared["files"], lambda file: File(**file)),
        directories=_each(declared["directories"], lambda directory: Ownership(**directory)),
        program=declared.get("program"),
        packages=declared["packages"],
        debconf=declared["debconf"],
        groups=_each(declared["groups"], lambda group: Group(**group)),
        users=_each(declared["users"], _to_user),
        prepare=declared["prepare"],
        validate=declared["validate"],
        validate_silent=declared["validateSilent"],
        units=_each(declared["units"], _to_unit),
        health=[_to_check(check) for check in declared["health"]],
        after=declared["after"],
        outputs=declared["outputs"],
        state=declared.get("state", []),
        accounts=to_accounts(declared["accounts"]) if "accounts" in declared else None,
        declared=declared,
    )


def _each(declared: dict[str, Any], to: Callable[[dict[str, Any]], _T]) -> dict[str, _T]:
    return {name: to(value) for name, value in declared.items()}


def _to_user(user: dict[str, Any]) -> User:
    return User(**{**user, "groups": tuple(user.get("groups", ()))})


def _to_unit(unit: dict[str, Any]) -> Unit:
    restart_on = frozenset(unit.get("restartOn", ()))
    return Unit(unit["onChange"], restart_on, unit.get("running", True), unit.get("onlyWith"))


def _to_check(check: dict[str, Any]) -> Check:
    seconds = check.get("timeoutSeconds")
    return Check(
        check.get("tcp", ""), check.get("expect", ""), check.get("socket", ""), tuple(check.get("run", ())), seconds
    )


def to_accounts(declared: dict[str, Any]) -> Accounts:
    """Accounts from their JSON, which has been checked, here or when its manifest was written."""
    users = (
        MailUser(each["address"], int(each["quotaMb"]), int(each["passwordVersion"])) for each in declared["users"]
    )
    aliases = (Alias(each["source"], tuple(each["destinations"])) for each in declared["aliases"])
    return Accounts(declared["database"], tuple(declared["domains"]), tuple(users), tuple(aliases), declared)


def _commands(value: Any, where: str) -> list[list[str]]:
    return a_list(value, where, command)


def _group(value: Any, where: str) -> dict[str, Any]:
    return an_object(value, where, {"gid": number(1)})


def _user(value: Any, where: str) -> dict[str, Any]:
    fields = {"uid": number(1), "group": text, "home": text, "groups": lambda v, w: a_list(v, w, text)}
    return an_object(value, where, fields, required={"group"})


_OWNERSHIP = {"owner": matching(_OWNER, "`user:group`"), "mode": matching(_MODE, "octal mode")}


def _directory(value: Any, where: str) -> dict[str, Any]:
    return an_object(value, where, _OWNERSHIP, required=set(_OWNERSHIP))


def _file(value: Any, where: str) -> dict[str, Any]:
    return an_object(value, where, _OWNERSHIP | {"content": text}, required={*_OWNERSHIP, "content"})


def _unit(value: Any, where: str) -> dict[str, Any]:
    fields = {
        "onChange": one_of("reload", "restart", "none"),
        "restartOn": lambda v, w: a_list(v, w, host_path),
        "running": boolean,
        "onlyWith": matching(_PACKAGE, "package name"),
    }
    return an_object(value, where, fields, required={"onChange"})


def _check(value: Any, where: str) -> dict[str, Any]:
    kinds = [kind for kind in ("tcp", "socket", "run") if isinstance(value, dict) and kind in value]
    if len(kinds) != 1:
        raise invalid(where, "needs exactly one of `tcp`, `socket`, `run`")
    fields = {"tcp": {"tcp": _port, "expect": text}, "socket": {"socket": text}, "run": {"run": command}}[kinds[0]]
    return an_object(value, where, fields | {"timeoutSeconds": number(0)}, required={kinds[0]})


def _port(value: Any, where: str) -> str:
    address = text(value, where)
    port = address.rpartition(":")[2]
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise invalid(where, f"{address!r} is not `host:port` or a port")
    return address


def _state(value: Any, where: str) -> dict[str, Any]:
    fields = {
        "kind": one_of("files", "sqlite", "redis"),
        # Not `host_path`: state may also be in the program's own folders.
        "path": matching(re.compile(r"(/[^/\n\x00]+)+"), "plain absolute path"),
        **_OWNERSHIP,
        "exclude": lambda v, w: a_list(v, w, text),
        "part": one_of("state", "mail"),
        "socket": text,
    }
    return an_object(value, where, fields, required={"kind", "path", "owner"})


def _accounts(value: Any, where: str) -> dict[str, Any]:
    address = matching(_ADDRESS, "lower-case address")
    user = {"address": address, "quotaMb": number(0), "passwordVersion": number(1)}
    alias = {
        "source": matching(_SOURCE, "lower-case address or `@domain`"),
        "destinations": lambda v, w: a_list(v, w, matching(_DESTINATION, "address")),
    }
    fields = {
        "database": host_path,
        "domains": lambda v, w: a_list(v, w, matching(_DOMAIN, "domain")),
        "users": lambda v, w: a_list(v, w, lambda u, x: an_object(u, x, user, required=set(user))),
        "aliases": lambda v, w: a_list(v, w, lambda a, x: an_object(a, x, alias, required=set(alias))),
    }
    accounts = an_object(value, where, fields, required=set(fields))
    for key, names in (("users", "address"), ("aliases", "source")):
        seen = [entry[names] for entry in accounts[key]]
        for name in seen:
            if seen.count(name) > 1:
                raise invalid(f"{where}.{key}", f"{name!r} is named twice")
            if name.rpartition("@")[2] not in accounts["domains"]:
                raise invalid(f"{where}.{key}", f"{name!r} is in none of the domains")
    return accounts
