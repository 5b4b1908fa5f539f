"""Mail on a volume: what the bundle `volume` runs.

check   waits for the volume, formats an empty one, and refuses what is not ours; mail is not touched
use     moves the mail there, mounts it, and gives it all of the volume's size; can be killed and run again

The owner of the mail can put anything in place of anything below the mail and below the volume's own root: both are
reached by `safe_path` only.
"""

import os
from dataclasses import dataclass
from enum import Enum

from ..errors import MailstackError
from ..paths import on_host
from ..safe_path import (
    directory_state,
    make_directories,
    names_in,
    open_file,
    remove,
    rename,
    set_ownership,
    state,
    sync_directory,
    write_new,
)
from .volume_device import STAGING, Device, is_mounted

# On the volume from the first copy until Dovecot runs on it. While there is mail on the root disk, that is the truth.
COPYING = ".mailstack-copying"
_UNIT, _GROW = "var-vmail.mount", "mailstack-volume-grow.service"
_DOVECOT = "dovecot.service"
# The rest is for the file system itself.
_USABLE = 0.95


class Found(Enum):
    """Whether mail has to be moved; `MOVED`: only the end of it is missing."""

    NOTHING = "nothing"
    MOVE = "move"
    MOVED = "moved"


@dataclass(frozen=True)
class MailVolume:
    """The volume, and the mail that belongs on it."""

    device: Device
    size_gb: int
    mail: str
    # In the folder below the volume; there when nothing but the volume has mail. The mount unit asks for it.
    marker: str

    @property
    def old(self) -> str:
        """Where the mail of before stays when it was moved to a volume."""
        return f"{self.mail}.before-volume"

    def check(self) -> None:
        """Before anything is changed: whether `use` can do its work."""
        self.device.wait_until_attached()
        if is_mounted(self.mail):
            if not self.device.is_at(self.mail):
                raise MailstackError(f"{self.mail} is another file system than {self.device.path}; nothing was changed")
            return
        self.device.format_if_empty()
        with self.device.staged():
            self._look()

    def use(self) -> None:
        """Mail is on the volume when this ends."""
        run = self.device.run
        if not is_mounted(self.mail):
            dovecot = run("systemctl", "--quiet", "is-active", _DOVECOT, good=range(256)).code == 0
            try:
                with self.device.staged():
                    self._switch(self._look(), dovecot)
                run("systemctl", "enable", _UNIT, _GROW)
                run("systemctl", "start", _UNIT)
            except BaseException:
                # On the old disk, although it is told to wait for the volume by now.
                if self._mail_in(self.mail):
                    run("systemctl", "start", "--job-mode=ignore-dependencies", _DOVECOT)
                raise
        copying = on_host(f"{self.mail}/{COPYING}")
        if state(copying) is not None:
            # What Postfix took meanwhile is delivered at its start.
            run("systemctl", "restart", _DOVECOT)
            remove(copying)
        self.device.grow(self.mail, self.size_gb)

    def _mail_in(self, folder: str) -> list[str]:
        return sorted({*names_in(on_host(folder))} - {COPYING, os.path.basename(self.marker)})

    def _look(self) -> Found:
        here, there = self._mail_in(self.mail), self._mail_in(STAGING)
        copying = state(on_host(f"{STAGING}/{COPYING}")) is not None
        old = state(on_host(self.old)) is not None
        device = self.device.path
        if copying and not here:
            if old:
                return Found.MOVED
            raise MailstackError(
                f"mail was being copied to {device}, and is gone from {self.mail}; nothing was changed"
            )
        if not here:
            return Found.NOTHING
        if there and not copying:
            names = " ".join(here[:5])
            raise MailstackError(
                f"there is mail on this host's disk ({self.mail}: {names}) and on {device}; nothing was changed",
                [f"keep one of them: move {self.mail} to another name, or empty the volume, then `pulumi up` again"],
            )
        if old:
            raise MailstackError(
                f"{self.old} is in the way: it holds mail of an earlier move; remove it, then `pulumi up` again"
            )
        return Found.MOVE

    def _switch(self, found: Found, dovecot: bool) -> None:
        mail, marker = on_host(self.mail), on_host(self.marker)
        there = directory_state(mail)
        # A marker in somebody else's folder is not ours, and mail beside one is not on the volume.
        if found is not Found.MOVE and there is not None and there.st_uid == 0 and state(marker) is not None:
            return
        if found is Found.MOVE:
            self._move(dovecot)
            rename(mail, on_host(self.old))
        elif there is not None and there.st_uid != 0 and not self._mail_in(STAGING):
            # Dovecot is at work already, and has no mail yet.
            set_ownership(on_host(STAGING), there.st_uid, there.st_gid, there.st_mode & 0o7777)
        if directory_state(mail) is None:
            make_directories(mail)
        # Nobody but root may write where the volume will be.
        set_ownership(mail, 0, 0, 0o700)
        remove(marker)
        write_new(marker, b"", 0o600)
        sync_directory(mail)

    def _move(self, dovecot: bool) -> None:
        needed = int(self.device.run("du", "--summarize", "--block-size=1", on_host(self.mail)).out.split()[0])
        room = os.statvfs(on_host(STAGING))
        if needed > room.f_frsize * room.f_blocks * _USABLE:
            raise MailstackError(f"{needed // 2**20} MiB of mail do not fit on the volume; raise mailstack:volumeGb")
        os.close(open_file(on_host(f"{STAGING}/{COPYING}"), os.O_WRONLY | os.O_CREAT))
        # 24: files that vanished meanwhile, which is what mail does.
        self._copy(good=(0, 24))
        if dovecot:
            self.device.run("systemctl", "stop", _DOVECOT)
        self._copy()
        left = self._copy("--dry-run", "--itemize-changes")
        if left.strip():
            raise MailstackError(f"the copy on {self.device.path} is not the same:", left.splitlines()[:10])
        os.sync()

    def _copy(self, *more: str, good: tuple[int, ...] = (0,)) -> str:
        options = ["-aHAX", "--numeric-ids", "--delete", f"--exclude=/{COPYING}", *more]
        return self.device.run("rsync", *options, on_host(f"{self.mail}/"), on_host(f"{STAGING}/"), good=good).out
