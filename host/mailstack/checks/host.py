"""The machine itself."""

import shutil

from ..apply import manifest
from ..apply.verify import unit_problems
from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad, refuse

_MIB = 1024 * 1024
# Postfix stops taking mail at queue_minfree (200 MB); this is the warning before it.
_DISK_MIB = 1024
_MEMORY_MIB = 64


def units(_name: str) -> str:
    """No unit of systemd has failed, and those that were deployed are as they should be."""
    answer = run(["systemctl", "list-units", "--failed", "--plain", "--no-legend"], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)))
    failed = [line.split()[0] for line in answer.out.splitlines() if line.strip()]
    # What starts at this moment may wait for something else.
    others = [
        f"{name} {problem}"
        for applied in manifest.load_all()
        for name, problem in unit_problems(applied.units)
        if name not in failed and not problem.startswith("is activating")
    ]
    refuse((["failed: " + " ".join(failed[:5])] if failed else []) + list(dict.fromkeys(others)))
    return "none failed"


def disk(_name: str) -> str:
    """There is room for mail."""
    return room("/")


def room(folder: str, advice: str = "") -> str:
    """How much of the folder's file system is free. `advice` comes behind it when that is too little."""
    usage = shutil.disk_usage(on_host(folder))
    text = f"{usage.free // _MIB} MiB free of {usage.total // _MIB}"
    if usage.free // _MIB < _DISK_MIB:
        raise Bad(text + advice)
    return text


def memory(_name: str) -> str:
    """There is room for work."""
    with open("/proc/meminfo", encoding="ascii") as file:
        numbers = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in file}
    text = f"{numbers['MemAvailable']} MiB free of {numbers['MemTotal']}"
    if numbers["MemAvailable"] < _MEMORY_MIB:
        raise Bad(text)
    return text
