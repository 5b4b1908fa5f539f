"""Debian packages: one apt transaction, no daemon started before its configuration is there."""

import json
import os
import re
import time

from ..atomic_file import as_json, replace
from ..errors import MailstackError
from ..paths import STATE, on_host
from ..programs import Result, must, run
from ..progress import say
from ..safe_path import make_directories
from .apt_guard import guarded
from .bundle import Unit
from .steps import deferred

# Older lists name versions that the mirror no longer has.
LISTS_ARE_FRESH_SECONDS = 6 * 3600
# The host's own apt-daily service may hold the locks for minutes after the first boot.
LOCK_SECONDS = 600
TRANSACTION_SECONDS = 3000

_OPTIONS = [
    "-q",
    "-y",
    *("-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"),
    *("-o", "Acquire::Languages=none"),
    *("-o", "Acquire::Retries=3"),
    *("-o", "APT::Install-Recommends=false"),
    # A power loss here is repaired by `dpkg --configure -a`; without these syncs it takes a fraction of the time.
    *("-o", "Dpkg::Options::=--force-unsafe-io"),
    *("-o", "Dpkg::Options::=--force-confdef"),
    *("-o", "Dpkg::Options::=--force-confold"),
    *("-o", "Dpkg::Use-Pty=0"),
]


# Each package would make systemd read all units anew, a second a time; it is done once at the end. Nothing may start
# yet in any case.
_OFFLINE = ["env", "SYSTEMD_OFFLINE=1"]


def missing(packages: list[str]) -> list[str]:
    """Those that are not installed, in the order given."""
    if not packages:
        return []
    answer = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages])
    if answer.code not in (0, 1):
        raise MailstackError("the packages of this host cannot be read", answer.words())
    installed = {line.split()[0] for line in answer.out.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def ensure(packages: list[str], debconf: list[str]) -> bool:
    """Installs what is missing; tells whether anything was. A signal waits for the end of the transaction."""
    wanted = missing(packages)
    if not wanted:
        return False
    say(f"installing {len(wanted)} packages: {' '.join(wanted)}")
    with deferred(), guarded():
        if debconf:
            must(["debconf-set-selections"], "debconf answers", text="\n".join(debconf) + "\n")
        if not _lists_are_fresh():
            _update()
        try:
            _install(wanted)
        finally:
            # Also of a transaction that failed half way.
            still = missing(wanted)
            _remember([package for package in wanted if package not in still])
        must(["systemctl", "daemon-reload"], "systemd")
        # The new packages' timers: nothing would start them before the next boot.
        must(["systemctl", "start", "timers.target"], "timers of the new packages")
    if still:
        raise MailstackError(f"apt-get reported success, but these are not installed: {' '.join(still)}")
    return True


def upgrade_security() -> list[str]:
    """Installs the open security updates of what is installed; tells which packages had one."""
    with deferred(), guarded():
        if not _lists_are_fresh():
            _update()
        names = open_security_updates()
        if names:
            say(f"installing {len(names)} security updates: {' '.join(names)}")
            _install(["--only-upgrade", *names])
            must(["systemctl", "daemon-reload"], "systemd")
    return names


def open_security_updates() -> list[str]:
    """Installed packages with an update from the distribution's security archive, by the lists that are there."""
    shown = must(["apt-get", "-s", "-q", "-o", "Debug::NoLocking=1", "dist-upgrade"], "security updates")
    # Inst libssl3 [3.0.20-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
    return re.findall(r"^Inst (\S+) \[\S+\] \([^)]*-security[ ,)]", shown.out, re.MULTILINE)


def _install(wanted: list[str]) -> None:
    argv = ["apt-get", "install", *_OPTIONS, *wanted]
    result = _apt(argv)
    words = result.err + result.out
    if result.code != 0 and "dpkg --configure -a" in words:
        say("repairing an interrupted package transaction")
        must(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"], "packages", TRANSACTION_SECONDS)
        result = _apt(argv)
    elif result.code != 0 and _is_stale(words):
        _update()
        result = _apt(argv)
    if result.code != 0:
        raise MailstackError(f"packages were not installed (apt-get ended with {result.code})", _reasons(result))


def _update() -> None:
    result = _apt(["apt-get", "update", "-q", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=3"])
    if result.code != 0:
        raise MailstackError(f"package lists were not read (apt-get update ended with {result.code})", _reasons(result))


def _apt(argv: list[str]) -> Result:
    """DPkg::Lock::Timeout does not cover every lock of apt, so a taken lock is tried again here."""
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    # The shell's number becomes apt-get's: apt_guard asks whether that process still runs.
    start = ["sh", "-c", 'echo $$ > "$0"; exec setsid -w "$@"', on_host("/run/mailstack/apt.pid"), *_OFFLINE, *argv]
    while True:
        result = run(start, TRANSACTION_SECONDS)
        locked = result.code != 0 and "Could not get lock" in result.err
        if not locked or time.monotonic() > deadline:
            return result
        if not told:
            say("waiting for another apt or dpkg on this host")
            told = True
        time.sleep(2)


def _lists_are_fresh() -> bool:
    folder = on_host("/var/lib/apt/lists")
    try:
        names = os.listdir(folder)
        changed = max(os.stat(path).st_mtime for path in (folder, folder + "/partial"))
    except FileNotFoundError:
        return False
    return any("_Packages" in name for name in names) and time.time() - changed < LISTS_ARE_FRESH_SECONDS


def _is_stale(words: str) -> bool:
    signs = ("Unable to locate package", "has no installation candidate", "404 ", "Failed to fetch")
    return any(sign in words for sign in signs)


def _reasons(result: Result) -> list[str]:
    errors = [line for line in (result.err + "\n" + result.out).splitlines() if line.startswith(("E:", "dpkg: error"))]
    return errors[:10] or result.words(12)


def units_of_ours(units: dict[str, Unit]) -> dict[str, Unit]:
    """Without the units that count only with a package that came by this program, where it did not."""
    ours = set(_remembered())
    return {name: unit for name, unit in units.items() if unit.only_with is None or unit.only_with in ours}


def _remembered() -> list[str]:
    path = on_host(STATE + "/packages.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        known: list[str] = json.load(file)
    return known


def _remember(installed: list[str]) -> None:
    """Which packages came by this program, for whoever wants an adopted host back as it was."""
    path = on_host(STATE + "/packages.json")
    known = _remembered()
    make_directories(on_host(STATE))
    replace(path, as_json(sorted({*known, *installed})), 0o644)
