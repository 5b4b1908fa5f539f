"""The block device that mail is on: what is on it, formatting it, looking into it, and its size."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .. import programs
from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import directory_state, make_directory, open_file, set_ownership

# Of the file system, at most 12 characters in XFS. The second while mkfs works: a format that was cut off is known by
# it, and repeated.
LABEL, UNFINISHED_LABEL = "mailstack", "mailstacknew"
# A folder for root alone around the mount: its own root directory belongs to the owner of the mail.
_PRIVATE = "/run/mailstack-volume"
STAGING = f"{_PRIVATE}/mail"
_ATTACH_SECONDS = 60.0
_RESIZE_SECONDS = 10.0
# The applier gives a program 600 s, and the rest of the work is short.
_SECONDS = 540.0


@dataclass(frozen=True)
class Device:
    """A volume by its path, and when the work on it must be done."""

    path: str
    deadline: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    def run(self, *argv: str, good: Sequence[int] = (0,)) -> programs.Result:
        """The result of a program; raises with its words when it fails."""
        result = programs.run(list(argv), max(self.deadline - time.monotonic(), 5))
        if result.code == programs.TIMED_OUT:
            words = "was not done in time; mail is as before; `pulumi up` again goes on where this one stopped"
            raise MailstackError(f"{argv[0]} {words}")
        if result.code not in good:
            raise MailstackError(f"{' '.join(argv)} ended with {result.code}", result.words())
        return result

    def is_at(self, folder: str) -> bool:
        """Whether it is the file system of that folder."""
        found = directory_state(on_host(folder))
        return found is not None and found.st_dev == os.stat(self.path).st_rdev

    def wait_until_attached(self) -> None:
        """Raises when it does not come."""
        if not _until(lambda: os.path.exists(self.path), _ATTACH_SECONDS):
            raise MailstackError(f"the volume {self.path} is not attached to this host")

    def format_if_empty(self) -> None:
        """Makes the file system on an empty volume. Raises for one that holds what is not ours."""
        kind, label = self._signature()
        if not kind or (kind, label) == ("xfs", UNFINISHED_LABEL):
            # -f only for our own unfinished one: mkfs itself refuses whatever it finds on the others.
            self.run("mkfs.xfs", "-q", *(["-f"] if kind else []), "-L", UNFINISHED_LABEL, self.path)
            self.run("xfs_admin", "-L", LABEL, self.path)
        elif (kind, label) != ("xfs", LABEL):
            raise MailstackError(
                f"the volume {self.path} holds something else ({kind}, label {label or 'none'}); it was not touched",
                [f"if nothing on it is needed: wipefs --all {self.path}, then `pulumi up` again"],
            )

    def _signature(self) -> tuple[str, str]:
        """Kind and label of what is on the volume; empty: nothing at all, as two programs see it."""
        found = self.run("blkid", "--probe", "--output", "export", self.path, good=(0, 2))
        if found.code == 2:
            if self.run("wipefs", "--no-act", self.path).out.strip():
                raise MailstackError(
                    f"the volume {self.path} holds something that blkid does not know; it was not touched"
                )
            return "", ""
        facts = dict(line.split("=", 1) for line in found.out.splitlines() if "=" in line)
        return facts.get("TYPE") or facts.get("PTTYPE") or "unknown", facts.get("LABEL", "")

    @contextlib.contextmanager
    def staged(self) -> Iterator[None]:
        """The volume at `STAGING`, where nobody but root gets to, the owner of the mail included."""
        # The second is where earlier versions mounted it.
        for left in (STAGING, _PRIVATE):
            if is_mounted(left):
                self.run("umount", on_host(left))
        for folder in (_PRIVATE, STAGING):
            if directory_state(on_host(folder)) is None:
                make_directory(on_host(folder))
        set_ownership(on_host(_PRIVATE), 0, 0, 0o700)
        self.run("mount", "-t", "xfs", self.path, on_host(STAGING))
        try:
            yield
        finally:
            self.run("umount", on_host(STAGING))

    def grow(self, mail: str, size_gb: int) -> None:
        """Gives the mounted file system all of the volume. Raises when this host does not see the new size."""
        rescan = on_host(f"/sys/class/block/{os.path.basename(os.path.realpath(self.path))}/device/rescan")
        if os.access(rescan, os.W_OK):
            with open(open_file(rescan, os.O_WRONLY), "w", encoding="ascii") as file:
                file.write("1")

        def size() -> int:
            return int(self.run("blockdev", "--getsize64", self.path).out) // 2**30

        seen = _until(lambda: size() >= size_gb, _RESIZE_SECONDS)
        self.run("xfs_growfs", "-d", on_host(mail))
        if not seen:
            raise MailstackError(
                f"the volume has {size_gb} GB, and this host still sees {size()} GB of it; mail is well",
                ["reboot the host in Linode's console (mail waits meanwhile), then `pulumi up` again"],
            )


def is_mounted(folder: str) -> bool:
    """Whether a file system of its own is there."""
    return os.path.ismount(on_host(folder))


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return holds()
        time.sleep(0.2)
    return True
