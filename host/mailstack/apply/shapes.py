"""Checks of plain JSON values; every message names the value's path."""

import re
from collections.abc import Callable
from typing import Any

from ..errors import MailstackError

Shape = Callable[[Any, str], Any]


def invalid(where: str, why: str) -> MailstackError:
    """The error for a wrong value."""
    return MailstackError(f"{where}: {why}")


def text(value: Any, where: str) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise invalid(where, f"must be a text, not {_kind(value)}")
    return value


def boolean(value: Any, where: str) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise invalid(where, f"must be true or false, not {_kind(value)}")
    return value


def number(least: int) -> Shape:
    """A number of at least `least`."""

    def check(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise invalid(where, f"must be a number, {least} or more")
        return value

    return check


def matching(pattern: re.Pattern[str], what: str) -> Shape:
    """A text that matches as a whole."""

    def check(value: Any, where: str) -> str:
        if not pattern.fullmatch(text(value, where)):
            raise invalid(where, f"{value!r} is not a valid {what}")
        return value

    return check


def one_of(*values: str) -> Shape:
    """One of these texts."""

    def check(value: Any, where: str) -> str:
        if value not in values:
            raise invalid(where, f"{value!r} is not one of {', '.join(values)}")
        return value

    return check


def a_list(value: Any, where: str, item: Shape) -> list[Any]:
    """A list whose items all have one shape."""
    if not isinstance(value, list):
        raise invalid(where, f"must be a list, not {_kind(value)}")
    return [item(entry, f"{where}[{index}]") for index, entry in enumerate(value)]


def a_map(value: Any, where: str, key: Shape, item: Shape) -> dict[str, Any]:
    """An object with free keys."""
    if not isinstance(value, dict):
        raise invalid(where, f"must be an object, not {_kind(value)}")
    return {key(name, f"{where}: key"): item(entry, f'{where}["{name}"]') for name, entry in value.items()}


def an_object(value: Any, where: str, fields: dict[str, Shape], required: set[str] | None = None) -> dict[str, Any]:
    """An object with known keys only."""
    if not isinstance(value, dict):
        raise invalid(where, f"must be an object, not {_kind(value)}")
    unknown = sorted(value.keys() - fields.keys())
    if unknown:
        raise invalid(where, f"unknown key {unknown[0]!r}; known are {', '.join(sorted(fields))}")
    missing = sorted((required or set()) - value.keys())
    if missing:
        raise invalid(where, f"the key {missing[0]!r} is missing")
    return {name: fields[name](entry, f"{where}.{name}") for name, entry in value.items()}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
