"""Files that survive a power loss, and that nobody else can read for a moment while they are written."""

import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mailstack import atomic_file, safe_path


class Written(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mailstack-test-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        # Whoever starts the program may have any mask.
        self.addCleanup(os.umask, os.umask(0))
        self.events = []
        self.modes = set()
        for name in ("fsync", "rename", "unlink", "fchown", "fchmod"):
            self.enterContext(mock.patch.object(safe_path.os, name, self.seen(name, getattr(os, name))))

    def seen(self, name, real):
        def wrapped(*args, **more):
            if isinstance(args[0], int):
                path = os.readlink(f"/proc/self/fd/{args[0]}").removeprefix(str(self.root))
                if name != "fsync":
                    self.modes.add(stat.S_IMODE(os.fstat(args[0]).st_mode))
                self.events.append(
                    (name, path, os.fstat(args[0]).st_size if os.path.isfile(self.root / path[1:]) else 0)
                )
            elif os.path.exists(f"/proc/self/fd/{more.get('dir_fd', more.get('src_dir_fd'))}/{args[0]}"):
                self.events.append((name, args[0], args[1] if name == "rename" else ""))
            return real(*args, **more)

        return wrapped

    def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_anybody_hears_of_it(self):
        atomic_file.replace(f"{self.root}/file", b"content")
        told = [event for event in self.events if event[0] in ("fsync", "rename")]
        self.assertEqual(told, [("fsync", "/file.new", 7), ("rename", "file.new", "file"), ("fsync", "", 0)])
        self.assertEqual((self.root / "file").read_bytes(), b"content")

    def test_a_file_is_its_owners_alone_until_it_is_whole(self):
        with mock.patch.object(safe_path.os, "open", self.made(os.open)):
            safe_path.write_new(f"{self.root}/secret", b"hunter2", 0o640, 0, 8)
        self.assertEqual(self.modes, {0o600})
        state = (self.root / "secret").stat()
        self.assertEqual((stat.S_IMODE(state.st_mode), state.st_gid), (0o640, 8))

    def made(self, real):
        def wrapped(path, flags, *args, **more):
            descriptor = real(path, flags, *args, **more)
            if flags & os.O_CREAT:
                self.modes.add(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return descriptor

        return wrapped

    def test_owner_comes_before_mode(self):
        # The other way round the group of before could read it.
        safe_path.write_new(f"{self.root}/secret", b"hunter2", 0o640, 0, 8)
        self.assertEqual([event[0] for event in self.events], ["fchown", "fchmod", "fsync"])

    def test_what_stood_there_stays_when_it_cannot_be_written(self):
        atomic_file.replace(f"{self.root}/file", b"old")
        with mock.patch.object(safe_path.os, "fsync", side_effect=OSError("disk full")), self.assertRaises(OSError):
            atomic_file.replace(f"{self.root}/file", b"new")
        self.assertEqual((self.root / "file").read_bytes(), b"old")
        self.assertEqual(os.listdir(self.root), ["file"])

    def test_a_private_directory_is_roots_alone(self):
        atomic_file.private_directory(f"{self.root}/a/b")
        self.assertEqual(stat.S_IMODE((self.root / "a/b").stat().st_mode), 0o700)
