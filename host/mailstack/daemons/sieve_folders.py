"""Folder names in Sieve scripts, from the time when a dot separated folders.

Until then `Archive.2024` was the folder 2024 in Archive. Now `/` separates, and a dot is part of a name. What names a
folder is changed in its place, and nothing else: the rest of a script is its user's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

_TOKENS = re.compile(
    r"""
      (?P<skipped>\s+ | \#[^\n]* | /\*.*?\*/)
    | (?P<text>text:[ \t]*(?:\#[^\n]*)?\r?\n.*?^\.\r?$)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<word>:?[A-Za-z_]\w*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_REFERENCE = re.compile(r"(\$\{[^}]*\})")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


def with_slashes(script: str) -> str:
    """The script with `/` where the name of a folder has a dot."""
    tokens = list(_tokens(script))
    named = _folders(tokens)
    variables = {name.lower() for token in named for name in _VARIABLE.findall(token.text)}
    for token in sorted(named | _values(tokens, variables), key=lambda each: each.start, reverse=True):
        # Dots within `${...}` are no part of the name.
        parts = _REFERENCE.split(token.text)
        renamed = "".join(part if _REFERENCE.fullmatch(part) else part.replace(".", "/") for part in parts)
        script = script[: token.start] + renamed + script[token.start + len(token.text) :]
    return script


def _tokens(script: str) -> Iterator[_Token]:
    for match in _TOKENS.finditer(script):
        if match.lastgroup != "skipped":
            yield _Token(str(match.lastgroup), match.group(), match.start())


def _folders(tokens: list[_Token]) -> set[_Token]:
    """The strings of `fileinto`, `mailboxexists` and `:fcc` (RFC 5228, 5490, 8580) that name a folder."""
    found: set[_Token] = set()
    for index, token in enumerate(tokens):
        word = token.text.lower() if token.kind == "word" else ""
        if word == "fileinto":
            found.update(_strings(_command(tokens, index))[-1:])
        elif word in ("mailboxexists", ":fcc"):
            found.update(_strings(_argument(tokens, index)))
    return found


def _values(tokens: list[_Token], variables: set[str]) -> set[_Token]:
    """What `set` (RFC 5229) puts into these variables."""
    found: set[_Token] = set()
    for index, token in enumerate(tokens):
        if token.kind == "word" and token.text.lower() == "set":
            *_, name, value = [None, None, *_strings(_command(tokens, index))]
            if name and value and name.text.strip('"').lower() in variables:
                found.add(value)
    return found


def _strings(tokens: Iterable[_Token]) -> list[_Token]:
    return [token for token in tokens if token.kind == "string"]


def _command(tokens: list[_Token], index: int) -> Iterator[_Token]:
    """What follows the word, to the end of its command."""
    return takewhile(lambda token: token.text not in (";", "{", "}"), tokens[index + 1 :])


def _argument(tokens: list[_Token], index: int) -> Iterable[_Token]:
    """The argument after the word: a string, or a list of them."""
    rest = tokens[index + 1 :]
    return takewhile(lambda token: token.text != "]", rest) if rest and rest[0].text == "[" else rest[:1]
