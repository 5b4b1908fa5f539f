"""Runs restic. Secrets are passed in the environment and in files, never as arguments."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO
from urllib.parse import quote, urlsplit

from ..atomic_file import private_directory
from ..errors import MailstackError
from ..paths import on_host
from ..programs import environment
from ..progress import clean
from .settings import KNOWN_HOSTS, PASSWORD, SSH_KEY, Settings, secret

CACHE = "/var/cache/mailstack-backup"
_HOURS = 3600.0
# Reads of a few small files; restic itself tries a network error again for a while.
SHORT = 120.0
LONG = 5 * _HOURS

# What restic and ssh say, in both of Debian's versions: 0.14 ends with 1 whatever happened.
_KINDS = (
    ("password", r"wrong password or no key found"),
    ("host key", r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED"),
    # An S3 server's own words; restic leaves out their names (AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch).
    (
        "refused",
        r"Permission denied \(|401 Unauthorized|Access Denied|AccessDenied"
        r"|Access Key Id you provided|signature we calculated does not match",
    ),
    ("locked", r"already locked|unable to create lock"),
    ("full", r"[Nn]o space left|[Qq]uota ?[Ee]xceeded|507 Insufficient|write quota|disk full"),
    # OpenSSH's server gives no reason, and restic 0.14 does not ask for the free space.
    ("unwritten", r'Save\(.*Write: sftp: "Failure"'),
    (
        "damaged",
        r"ciphertext verification failed|invalid data returned|hash mismatch|does not match id|pack .* not found"
        r"|Pack ID does not match|repository contains errors",
    ),
)
_WORDS = {
    "password": "the repository's password is not this stack's",
    "host key": "another machine answers at the repository's address: its host key is not mailstack:backupHostKey",
    "refused": "the repository's server refuses this host's key",
    "locked": "the repository is locked by another process",
    "full": "the repository's disk is full; free some space there",
    "unwritten": "the repository's server cannot write a file; perhaps its disk is full",
    "damaged": "the repository is damaged",
    "other": "the repository does not respond as expected",
}


# restic reads by path, as root, and the mail's owner can replace any folder on the way with a symbolic link. So it gets
# its own mount namespace, in which the mail is read-only and the kernel follows no symbolic link.
_WITHOUT_LINKS = (
    *("unshare", "--mount", "--propagation", "private", "sh", "-ec"),
    'mount --bind "$0" "$0"; mount -o remount,bind,ro,nosymfollow "$0"; exec "$@"',
)


class Trouble(MailstackError):
    """restic failed; `kind` is the kind of reason."""

    def __init__(self, kind: str, doing: str, said: str) -> None:
        lines = [line for line in said.splitlines() if line.strip() and not _noise(line)]
        super().__init__(f"{doing}: {_WORDS[kind]}", lines[:12])
        self.kind = kind


def _noise(line: str) -> bool:
    # Stack traces, which restic prints for network errors.
    return bool(re.match(r"\s|github\.com/|main\.|runtime\.|golang\.org/", line)) or line.startswith("goroutine")


def kind_of(said: str) -> str:
    """By what restic and ssh said."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, said)), "other")


class Restic:
    """One repository."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        private_directory(on_host(CACHE))

    def run(
        self, *arguments: str, doing: str, timeout: float = SHORT, good: tuple[int, ...] = (0,), mail: str = ""
    ) -> tuple[int, str]:
        """The exit code, which must be one of `good`, and standard output. `mail`: see `_WITHOUT_LINKS`."""
        with self.lines(*arguments, doing=doing, timeout=timeout, good=good, mail=mail) as process:
            out = process.stdout.read() if process.stdout else ""
        return process.returncode, out

    @contextmanager
    def lines(
        self, *arguments: str, doing: str, timeout: float = SHORT, good: tuple[int, ...] = (0,), mail: str = ""
    ) -> Iterator[subprocess.Popen[str]]:
        """Standard output as it arrives: a listing of 100 000 files does not fit into a small host's memory."""
        within = [*_WITHOUT_LINKS, mail] if mail else []
        # A listing is read slower than it is written; errors go to a file, so that they never block restic.
        # So do those of ssh: restic hands them on only when it reads them before it gives up.
        with _text_file() as errors, _text_file() as ssh_errors:
            # Neither has a name; ssh finds its own by the number.
            options, env = _address(self.settings.repository, f"/proc/{os.getpid()}/fd/{ssh_errors.fileno()}")
            process = subprocess.Popen(
                ["timeout", "--kill-after=30", f"{timeout:.0f}", *within, "restic", *options, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                errors="replace",
                env=environment() | env,
                cwd="/",
            )
            try:
                yield process
                process.wait()
            finally:
                if process.poll() is None:
                    # `timeout` forwards the signal; restic then removes its lock.
                    process.terminate()
                    process.wait()
                if process.stdout:
                    process.stdout.close()
            errors.seek(0)
            self.said = clean(f"{errors.read(200_000)}\n{ssh_errors.read(200_000)}".strip())
            if process.returncode not in good:
                late = f"\nended after {timeout:.0f} s" if process.returncode in (124, 137) else ""
                raise Trouble(kind_of(self.said), doing, self.said + late)


def _text_file() -> TextIO:
    return os.fdopen(os.memfd_create("mailstack-backup"), "w+", encoding="utf-8", errors="replace")


def _address(address: str, ssh_log: str) -> tuple[list[str], dict[str, str]]:
    """restic's options and environment for an address as the settings have it."""
    env = {
        "RESTIC_PASSWORD_FILE": on_host(PASSWORD),
        "RESTIC_CACHE_DIR": on_host(CACHE),
        "TZ": "UTC",
        # A quarter less memory for a third more processor time, measured; one core of two is left to mail.
        "GOGC": "20",
        "GOMAXPROCS": "1",
        "RESTIC_REPOSITORY": address,
    }
    if address.startswith(("sftp://", "append-only://")):
        url = urlsplit(address)
        ssh = ["ssh", "-i", on_host(SSH_KEY), "-o", f"UserKnownHostsFile={on_host(KNOWN_HOSTS)}"]
        ssh += ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-F", "none"]
        ssh += ["-E", ssh_log, "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=30", "-p", str(url.port or 22)]
        ssh += [f"{url.username}@{url.hostname}"]
        if url.scheme == "append-only":
            # The server's authorized_keys decides what runs there.
            return ["-o", f"rclone.program={shlex.join(ssh)}"], env | {"RESTIC_REPOSITORY": "rclone:x"}
        env["RESTIC_REPOSITORY"] = f"sftp:{url.username}@{url.hostname}:{url.path}"
        return ["-o", f"sftp.command={shlex.join([*ssh, '-s', 'sftp'])}"], env
    user, key = secret("access-key"), secret("secret-key")
    if address.startswith("s3:"):
        # Fewer uploads at a time: each holds a pack in memory.
        return ["-o", "s3.connections=2"], env | {"AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": key}
    if address.startswith("rest:") and user:
        scheme, _, rest = address.removeprefix("rest:").partition("://")
        login = f"{quote(user, safe='')}:{quote(key, safe='')}"
        env["RESTIC_REPOSITORY"] = f"rest:{scheme}://{login}@{rest}"
    return [], env


def nice() -> None:
    """Mail comes first, also when somebody runs this by hand."""
    os.setpriority(os.PRIO_PROCESS, 0, 19)
