"""What a check raises."""


class Bad(Exception):
    """It answers, but not as it should. The text is for the status line."""


class Warn(Exception):
    """It works, but somebody has to do something about it. A deployment goes on."""


# All of `mailstack status` takes less than 5 s.
TIMEOUT = 4.0
HERE = "127.0.0.1"

_SHOWN = 3


def refuse(problems: list[str]) -> None:
    """Raises with the first of them, if there are any; `mailstack verify` has all."""
    if problems:
        left = len(problems) - _SHOWN
        more = f"; and {left} more, see `mailstack verify`" if left > 0 else ""
        raise Bad("; ".join(problems[:_SHOWN]) + more)
