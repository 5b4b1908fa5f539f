"""Mail on a volume: `check` and `use` with a volume that is a folder, mounted by a rename."""

import os
import shutil
import subprocess
import unittest.mock

from mailstack import programs
from mailstack.daemons import mail_volume, volume_device
from mailstack.daemons.mail_volume import COPYING, MailVolume
from mailstack.daemons.volume_device import LABEL, STAGING, UNFINISHED_LABEL, Device
from mailstack.errors import MailstackError
from mailstack.programs import Result
from tests.harness import HostTestCase

MAIL, MARKER = "/var/vmail", "/var/vmail/.mailstack-volume"
LETTER = "example.org/info/Maildir/new/1"
GB = 2**30
OWNER = 1234


class MailVolumeTest(HostTestCase):
    """`self.volume` is the volume's own root directory, wherever it is mounted."""

    def setUp(self):
        super().setUp()
        self.device = self.root / "device"
        self.device.touch()
        self.detached = self.root / "detached"
        self.signature: tuple[str, str] = ("", "")
        self.foreign = ""
        self.size = 10
        self.mounted: dict[str, str] = {}
        self.ran: list[str] = []
        self.broken: dict[str, int] = {}
        self.during_copy = lambda: None
        for name in ("/run", "/var"):
            self.path(name).mkdir(mode=0o755)
        self.patch(unittest.mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        self.patch(unittest.mock.patch.object(programs, "run", self.run_fake))
        self.patch(unittest.mock.patch.object(volume_device, "is_mounted", self.mounted.__contains__))
        self.patch(unittest.mock.patch.object(mail_volume, "is_mounted", self.mounted.__contains__))
        self.patch(unittest.mock.patch.object(volume_device, "_RESIZE_SECONDS", 0))
        self.patch(unittest.mock.patch.object(Device, "is_at", lambda _, folder: self.mounted.get(folder) == "ours"))

    def patch(self, patcher):
        patcher.start()
        self.addCleanup(patcher.stop)

    def run_fake(self, argv, _timeout):
        words = " ".join(argv)
        self.ran.append(words.replace(str(self.root), ""))
        for part, code in self.broken.items():
            if part in words:
                return Result(code, "", "broken")
        out = ""
        match argv:
            case ["blkid", *_]:
                kind, label = self.signature
                if not kind:
                    return Result(2, "", "")
                out = f"TYPE={kind}\nLABEL={label}\n"
            case ["wipefs", *_]:
                out = self.foreign
            case ["mkfs.xfs", *_]:
                self.signature = ("xfs", UNFINISHED_LABEL)
                self.detached.mkdir(exist_ok=True)
            case ["xfs_admin", *_]:
                self.signature = ("xfs", LABEL)
            case ["mount", *_]:
                self.mount(STAGING)
            case ["umount", folder]:
                self.umount(folder.removeprefix(str(self.root)))
            case ["systemctl", "start", "var-vmail.mount"]:
                self.assertTrue(self.path(MARKER).exists())
                self.mount(MAIL)
            case ["systemctl", "--quiet", "is-active", _]:
                return Result(0, "", "")
            case ["blockdev", *_]:
                out = str(self.size * GB)
            case ["du", *_]:
                out = "1\tx"
            case ["rsync", *options, source, target]:
                if "--dry-run" not in options:
                    self.during_copy()
                    subprocess.run(["cp", "-a", f"{source}.", target], check=True)
            case _:
                pass
        return Result(0, out, "")

    def mount(self, folder):
        under = self.path(folder)
        under.rename(f"{under}.under")
        self.detached.rename(under)
        self.mounted[folder] = "ours"

    def umount(self, folder):
        under = self.path(folder)
        under.rename(self.detached)
        self.path(f"{folder}.under").rename(under)
        del self.mounted[folder]

    def mail(self):
        """Mail on the root disk, its owner's."""
        letter = self.path(f"{MAIL}/{LETTER}")
        letter.parent.mkdir(parents=True)
        letter.write_text("hello")
        for path in (self.path(MAIL), *self.path(MAIL).rglob("*")):
            os.chown(path, OWNER, OWNER)

    def do(self, size_gb=10):
        volume = MailVolume(Device(str(self.device)), size_gb, MAIL, MARKER)
        volume.check()
        volume.use()

    def fails(self, words, size_gb=10):
        with self.assertRaisesRegex(MailstackError, words) as caught:
            self.do(size_gb)
        return "\n".join(caught.exception.details)

    def test_an_empty_volume_is_formatted_and_mounted_and_the_folder_below_is_roots(self):
        self.do()
        self.assertEqual(self.mounted, {MAIL: "ours"})
        under = self.path(f"{MAIL}.under").stat()
        self.assertEqual((under.st_uid, under.st_mode & 0o777), (0, 0o700))
        self.assertNotIn("-f", [word for line in self.ran if "mkfs" in line for word in line.split()])

    def test_a_format_that_was_cut_off_is_repeated(self):
        self.signature = ("xfs", UNFINISHED_LABEL)
        self.do()
        self.assertIn(f"mkfs.xfs -q -f -L {UNFINISHED_LABEL} {self.device}".replace(str(self.root), ""), self.ran)

    def test_what_is_not_ours_is_refused_and_not_touched(self):
        for signature, foreign in ((("ext4", "backup"), ""), (("xfs", "other"), ""), (("", ""), "0x1 thing")):
            with self.subTest(signature=signature):
                self.signature, self.foreign = signature, foreign
                self.fails("it was not touched")
        self.assertEqual([line for line in self.ran if line.startswith(("mkfs", "mount", "xfs_admin"))], [])

    def test_mail_moves_with_its_owner_and_stays_where_it_was_under_another_name(self):
        self.mail()
        self.do()
        self.assertEqual(self.read(f"{MAIL}/{LETTER}"), "hello")
        self.assertEqual(self.path(MAIL).stat().st_uid, OWNER)
        self.assertEqual(self.read(f"{MAIL}.before-volume/{LETTER}"), "hello")
        self.assertFalse(self.path(f"{MAIL}/{COPYING}").exists())
        self.assertIn("systemctl restart dovecot.service", self.ran)

    def test_a_second_use_only_grows(self):
        self.mail()
        self.do()
        self.ran.clear()
        self.do()
        self.assertEqual([line.split()[0] for line in self.ran], ["blockdev", "xfs_growfs"])

    def test_a_move_that_fails_starts_dovecot_again_and_goes_on_the_next_time(self):
        self.mail()
        self.broken["--dry-run"] = -9
        self.fails("rsync .* ended with -9")
        self.assertEqual(self.ran[-1], "systemctl start --job-mode=ignore-dependencies dovecot.service")
        self.assertEqual((self.mounted, self.read(f"{MAIL}/{LETTER}")), ({}, "hello"))
        self.broken.clear()
        self.do()
        self.assertEqual(self.read(f"{MAIL}/{LETTER}"), "hello")

    def test_after_the_rename_only_the_end_is_missing(self):
        self.mail()
        self.broken["systemctl start var-vmail.mount"] = 1
        self.fails("var-vmail.mount")
        self.broken.clear()
        self.do()
        self.assertEqual(self.read(f"{MAIL}/{LETTER}"), "hello")

    def test_mail_in_both_places_is_nobodys_to_choose(self):
        self.mail()
        self.do()
        self.umount(MAIL)
        shutil.rmtree(self.path(MAIL))
        self.path(f"{MAIL}.before-volume").rename(self.path(MAIL))
        self.assertIn("keep one of them", self.fails("there is mail on this host's disk .* and on "))

    def test_dovecot_without_mail_keeps_its_folder_owner(self):
        self.path(MAIL).mkdir()
        os.chown(self.path(MAIL), OWNER, OWNER)
        self.do()
        self.assertEqual(self.path(MAIL).stat().st_uid, OWNER)

    def test_a_marker_that_the_owner_of_the_mail_made_says_nothing(self):
        self.mail()
        self.path(MARKER).write_text("")
        self.do()
        self.assertEqual(self.path(f"{MAIL}.under").stat().st_uid, 0)
        self.assertEqual(self.read(f"{MAIL}/{LETTER}"), "hello")

    def test_mail_that_came_beside_the_marker_while_the_volume_was_away_is_moved_not_hidden(self):
        self.do()
        self.umount(MAIL)
        letter = self.path(f"{MAIL}/{LETTER}")
        letter.parent.mkdir(parents=True)
        letter.write_text("hello")
        self.do()
        self.assertEqual(self.read(f"{MAIL}/{LETTER}"), "hello")
        self.assertTrue(self.path(f"{MAIL}.under/{MARKER.rpartition('/')[2]}").exists())

    def test_a_link_in_the_place_of_our_own_file_is_refused_and_not_followed(self):
        self.mail()
        target = self.root / "target"
        self.detached.mkdir()
        self.signature = ("xfs", LABEL)
        (self.detached / COPYING).symlink_to(target)
        self.fails("is a link .* root does not touch it")
        self.assertFalse(target.exists())
        self.assertEqual(self.mounted, {})

    def test_nobody_but_root_reaches_the_volume_while_mail_is_copied(self):
        self.mail()
        seen = []
        self.during_copy = lambda: seen.append(self.path("/run/mailstack-volume").stat().st_mode & 0o777)
        self.do()
        self.assertEqual(seen, [0o700, 0o700])

    def test_a_mount_that_an_earlier_version_left_is_taken_away(self):
        self.detached.mkdir()
        self.signature = ("xfs", LABEL)
        self.path("/run/mailstack-volume").mkdir()
        self.mount("/run/mailstack-volume")
        self.do()
        self.assertEqual(self.mounted, {MAIL: "ours"})

    def test_a_move_that_an_earlier_version_was_killed_in_goes_on(self):
        def cut_off():
            self.mail()
            self.detached.mkdir()
            self.signature = ("xfs", LABEL)
            (self.detached / COPYING).touch(0o600)
            (self.detached / "example.org").mkdir()
            self.path("/run/mailstack-volume").mkdir(mode=0o700)
            self.mount("/run/mailstack-volume")

        def moved():
            shutil.copytree(self.path(MAIL), self.path("/run/mailstack-volume"), dirs_exist_ok=True)
            self.path(MAIL).rename(self.path(f"{MAIL}.before-volume"))

        def marked():
            self.path(MAIL).mkdir(mode=0o700)
            self.path(MARKER).touch(0o644)

        for steps in ([cut_off], [cut_off, moved], [cut_off, moved, marked]):
            with self.subTest(steps=len(steps)):
                self.doCleanups()
                self.setUp()
                for step in steps:
                    step()
                self.do()
                self.assertEqual((self.mounted, self.read(f"{MAIL}/{LETTER}")), ({MAIL: "ours"}, "hello"))
                self.assertEqual(self.read(f"{MAIL}.before-volume/{LETTER}"), "hello")
                self.assertIn("systemctl restart dovecot.service", self.ran)
                self.assertFalse(self.path(f"{MAIL}/{COPYING}").exists())

    def test_a_size_that_this_host_does_not_see_is_told_with_what_to_do(self):
        self.do()
        self.assertIn("reboot", self.fails("the volume has 12 GB, and this host still sees 10 GB of it", 12))
        self.size = 12
        self.do(12)

    def test_the_kernel_is_asked_to_look_at_the_size_again(self):
        rescan = self.path("/sys/class/block/device/device/rescan")
        rescan.parent.mkdir(parents=True)
        rescan.touch()
        self.do()
        self.assertEqual(rescan.read_text(), "1")

    def test_another_file_system_at_the_mails_place_is_left_alone(self):
        self.mounted[MAIL] = "other"
        self.path(MAIL).mkdir()
        self.fails("is another file system")
        self.assertEqual(self.ran, [])
