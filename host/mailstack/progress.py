"""Progress and errors on stderr: short lines, secrets masked."""

import os

LINE_LIMIT = 199
# Shorter values are no secrets worth the name, and masking them would make messages unreadable.
SHORTEST_SECRET = 6

_masked: set[str] = set()


def mask(value: str) -> None:
    """From now on this value is shown as `***`, also each line of it (private keys)."""
    for part in [value, *value.splitlines()]:
        if len(part.strip()) >= SHORTEST_SECRET:
            _masked.add(part.strip())


def clean(text: str) -> str:
    """The text without any secret in it."""
    for value in sorted(_masked, key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def say(text: str) -> None:
    """One line of progress. A caller that is gone is noticed by `steps.reached`, not here."""
    _write("mailstack: " + clean(text).replace("\n", " "), wrap=False)


def complain(message: str, details: list[str]) -> None:
    """An error: the message, then its details indented; long lines are wrapped, not cut."""
    _write("mailstack: error: " + clean(message), wrap=True)
    for line in details:
        _write("  | " + clean(line.rstrip()), wrap=True)


def _write(line: str, wrap: bool) -> None:
    line = "".join(c if c.isprintable() else " " for c in line)
    if wrap:
        while len(line) > LINE_LIMIT:
            _print(line[:LINE_LIMIT])
            line = "    " + line[LINE_LIMIT:]
    elif len(line) > LINE_LIMIT:
        line = line[: LINE_LIMIT - 3] + "..."
    _print(line)


def _print(line: str) -> None:
    try:
        # Not through sys.stderr: what its buffer cannot flush would change the exit code.
        os.write(2, (line + "\n").encode())
    except OSError:
        # Nobody reads any more; what is under way must still be put right.
        return
