"""Puts right what a failed, interrupted or killed apply has left: back to before, or finished if it was committed."""

from ..programs import run, shown
from ..progress import say
from . import apt_guard, journal, transaction, units
from .steps import reached


def repair() -> None:
    """Every command that changes the host calls this first, under the lock."""
    apt_guard.clear()
    found = journal.read()
    if found is None:
        reached("recovered")
        return
    phase, content = found
    if phase == "commit":
        say(f"finishing the interrupted apply of {content['service']}")
        transaction.finish(content)
    else:
        say(f"putting back the interrupted apply of {content['service']}")
        for problem in put_back():
            say(problem)
    reached("recovered")


def put_back() -> list[str]:
    """Undoes the open transaction, if there is one. Returns what could not be brought back."""
    found = journal.read()
    if found is None:
        return []
    phase, content = found
    if phase == "commit":
        transaction.finish(content)
        return []
    problems = transaction.undo_files(phase, content)
    if phase in ("swapping", "units"):
        for argv in content["prepare"]:
            result = run(argv)
            if result.code != 0:
                problems += [f"{shown(argv)} ended with {result.code} on the old files", *result.words(5)]
    if phase == "units":
        problems += units.put_back(
            {name: units.UnitWork(**unit) for name, unit in content["units"].items()}, content["daemonReload"]
        )
    reached("put-back")
    journal.close(phase)
    return problems
