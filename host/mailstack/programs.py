"""Runs the host's own programs."""

import os
import subprocess
import time
from dataclasses import dataclass

from .errors import MailstackError

# A configuration check or a restart that takes longer hangs. Package transactions say their own limit.
DEFAULT_TIMEOUT = 120.0
# As timeout(1) ends.
TIMED_OUT = 124
_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Result:
    """How a program ended; 124 means that it was ended because of the time limit, 127 that there is no such program."""

    code: int
    out: str
    err: str

    def words(self, limit: int = 25) -> list[str]:
        """What it said, errors first, at most `limit` lines."""
        lines = [line for line in (self.err + "\n" + self.out).splitlines() if line.strip()]
        return lines if len(lines) <= limit else [*lines[: limit - 6], "...", *lines[-5:]]


def environment() -> dict[str, str]:
    """Same for every program: a known search path, English messages, no questions."""
    path = os.environ["PATH"] + ":" + _SEARCH if os.environ.get("MAILSTACK_ROOT") else _SEARCH
    kept = {key: value for key, value in os.environ.items() if key.startswith("MAILSTACK_")}
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}


def run(argv: list[str], timeout: float = DEFAULT_TIMEOUT, text: str | None = None) -> Result:
    """Runs a program to its end. Never raises for a failure of the program itself."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=environment(),
            cwd="/",
        )
    except FileNotFoundError:
        return Result(127, "", f"{argv[0]}: there is no such program on this host")
    except PermissionError as error:
        return Result(126, "", f"{argv[0]}: {error.strerror}")
    except subprocess.TimeoutExpired as error:
        said = error.stderr.decode("utf-8", "replace") if isinstance(error.stderr, bytes) else error.stderr or ""
        return Result(TIMED_OUT, "", f"{said}\n{argv[0]}: did not end within {timeout:g} s")
    return Result(done.returncode, done.stdout, done.stderr)


def run_on_terminal(argv: list[str], timeout: float = 30.0) -> Result:
    """Runs a program on a pseudo terminal: some (Postfix) say what is wrong only to a person."""
    import pty
    import select

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment(), cwd="/", start_new_session=True
    ) as process:
        os.close(theirs)
        said = b""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        else:
            process.kill()
        os.close(ours)
    return Result(process.returncode, "", said.decode("utf-8", "replace").replace("\r", ""))


def must(argv: list[str], doing: str, timeout: float = DEFAULT_TIMEOUT, text: str | None = None) -> Result:
    """As `run`, but a failure raises with the program's words."""
    result = run(argv, timeout, text)
    if result.code != 0:
        raise MailstackError(f"{doing}: {shown(argv)} ended with {result.code}", result.words())
    return result


def shown(argv: list[str]) -> str:
    """A command line for messages."""
    line = " ".join(argv)
    return "`" + (line if len(line) <= 80 else line[:77] + "...") + "`"
