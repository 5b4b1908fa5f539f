"""What the owner of a directory puts in the place of ours: root neither follows it nor changes what it leads to."""

import ast
import json
import os
import socket
import tomllib
import unittest
from pathlib import Path
from unittest import mock

from mailstack import safe_path
from tests.harness import HOST, HostTestCase, bundle

OWNER = "daemon:daemon"
STATE, INNER = "/var/lib/demo", "/var/lib/demo/temp"
# A folder that only the system may change, and a file in it.
GOAL = "/etc/systemd/system"


class Intruder(HostTestCase):
    """The daemon of the service `demo` owns a directory, and another declared one and a file are below it."""

    def setUp(self):
        super().setUp()
        self.goal = self.path(GOAL)
        self.goal.mkdir(parents=True)
        self.goal.chmod(0o755)
        (self.goal / "ssh.service").write_text("root's\n")
        self.data = bundle(
            directories={STATE: {"owner": OWNER, "mode": "0700"}, INNER: {"owner": OWNER, "mode": "0770"}}
        )
        self.data["files"][f"{STATE}/own.conf"] = {"owner": OWNER, "mode": "0640", "content": "ours\n"}
        self.apply_well(self.data)
        self.inner, self.own = self.path(INNER), self.path(f"{STATE}/own.conf")

    def put_instead(self, place, make):
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        else:
            place.unlink()
        make(place)

    def assert_untouched(self):
        for path, mode in ((self.goal, 0o755), (self.goal / "ssh.service", 0o644)):
            found = path.lstat()
            self.assertEqual((found.st_uid, found.st_gid, found.st_mode & 0o7777), (0, 0, mode), path)
        self.assertEqual((self.goal / "ssh.service").read_text(), "root's\n")
        self.assertEqual([path.name for path in self.goal.iterdir()], ["ssh.service"])

    def changed(self):
        """An ordinary deployment: another file of the service, and another owner for its directories."""
        data = json.loads(json.dumps(self.data))
        data["files"]["/etc/demo/demo.conf"]["content"] = "setting = v2\n"
        data["files"][f"{STATE}/own.conf"]["content"] = "ours, new\n"
        data["directories"][INNER]["mode"] = "0750"
        return data

    def refused(self, path):
        for data in (self.data, self.changed()):
            result = self.apply(data)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertRegex(result.stderr.splitlines()[0], f"error: .*{path} is .*remove it, and try again")
            self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
            self.assert_untouched()

    def told(self, path, what):
        verified = self.run_it("verify")
        self.assertEqual(verified.returncode, 3)
        self.assertRegex(verified.stdout, f"demo: {path} {what}")
        self.assertRegex(self.run_it("status").stdout, f"BAD +files +{path} {what}")

    def test_a_link_in_the_place_of_a_directory(self):
        self.put_instead(self.inner, lambda place: place.symlink_to(self.goal))
        self.told(INNER, "was replaced by a link")
        self.refused(INNER)
        self.inner.unlink()
        self.apply_well(self.changed())
        self.assertEqual(self.inner.stat().st_mode & 0o7777, 0o750)

    def test_other_kinds_in_the_place_of_a_directory(self):
        for make, name in ((os.mkfifo, "a FIFO"), (Path.touch, "a file")):
            self.put_instead(self.inner, make)
            self.told(INNER, f"was replaced by {name}")
            self.refused(INNER)

    def test_a_link_in_the_place_of_the_directory_itself_even_in_a_folder_of_root(self):
        self.path(STATE).rename(self.path("/var/lib/elsewhere"))
        self.path(STATE).symlink_to(self.goal)
        self.told(STATE, "was replaced by a link")
        self.refused(STATE)

    def test_a_link_above_a_file(self):
        data = json.loads(json.dumps(self.data))
        data["files"][f"{INNER}/deep/deep.conf"] = {"owner": OWNER, "mode": "0640", "content": "deep\n"}
        self.apply_well(data)
        self.path(f"{INNER}/deep").rename(self.path(f"{INNER}/away"))
        self.path(f"{INNER}/deep").symlink_to(self.goal)
        data["files"][f"{INNER}/deep/deep.conf"]["content"] = "other\n"
        result = self.apply(data)
        self.assertIn(f"{INNER}/deep is a link", result.stderr)
        self.told(f"{INNER}/deep/deep.conf", "is out of reach")
        self.assert_untouched()

    def test_other_kinds_in_the_place_of_a_file_are_replaced_by_it(self):
        def bound(place):
            with socket.socket(socket.AF_UNIX) as channel:
                channel.bind(str(place))

        makers = (
            (lambda place: place.symlink_to(self.goal / "ssh.service"), "a link"),
            (os.mkfifo, "a FIFO"),
            (bound, "something else"),
        )
        for make, name in makers:
            with self.subTest(name):
                self.put_instead(self.own, make)
                self.told(f"{STATE}/own.conf", f"was replaced by {name}")
                self.apply_well(self.data)
                self.assertEqual((self.own.read_text(), self.own.lstat().st_uid), ("ours\n", 1))
                self.assert_untouched()

    def test_another_file_with_a_second_name_here_is_not_read(self):
        self.put_instead(self.own, lambda place: place.hardlink_to(self.goal / "ssh.service"))
        self.refused(f"{STATE}/own.conf")

    def test_names_that_the_applier_uses_are_taken(self):
        for kind in ("new", "old"):
            place = self.own.with_name(f".own.conf.mailstack.dpkg-{kind}")
            place.symlink_to(self.goal / "ssh.service")
        self.apply_well(self.changed())
        self.assertEqual(self.own.read_text(), "ours, new\n")
        self.assert_untouched()
        place.mkdir()
        result = self.apply(self.data)
        self.assertIn(f"{place.name}", result.stderr)
        self.assertEqual(self.own.read_text(), "ours, new\n")
        place.rmdir()
        self.apply_well(self.data)

    def test_what_is_swapped_during_an_apply_does_not_stop_the_repair(self):
        swap = f"mv {self.inner} {self.inner}.away; ln -s {self.goal} {self.inner}; exit 1"
        result = self.apply(self.changed() | {"validate": [["sh", "-c", swap]]})
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{INNER} is not as before", result.stderr)
        self.assert_untouched()
        self.assert_clean()
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")

    def test_a_race_between_directory_and_link(self):
        racing = os.fork()
        if racing == 0:
            away, link = f"{self.inner}.away", f"{self.inner}.link"
            os.symlink(self.goal, link)
            while True:
                try:
                    os.rename(self.inner, away)
                    os.rename(link, self.inner)
                    os.rename(self.inner, link)
                    os.rename(away, self.inner)
                except OSError:
                    os._exit(1)
        self.addCleanup(os.waitpid, racing, 0)
        self.addCleanup(os.kill, racing, 9)
        os.environ["MAILSTACK_ROOT"] = str(self.root)
        self.addCleanup(os.environ.pop, "MAILSTACK_ROOT")
        outcomes = {"done": 0, "refused": 0, "gone": 0}
        for turn in range(3000):
            try:
                safe_path.set_ownership(str(self.inner), 1, 1, 0o700 + turn % 8)
                outcomes["done"] += 1
            except safe_path.Refused:
                outcomes["refused"] += 1
            except FileNotFoundError:
                outcomes["gone"] += 1
        self.assertGreater(outcomes["done"], 0, outcomes)
        self.assert_untouched()


class Administrator(HostTestCase):
    """Links in folders that only root may change."""

    def test_links_above_are_followed(self):
        real = self.path("/srv/config")
        real.mkdir(parents=True)
        self.path("/etc").mkdir()
        for place, goal in (("/etc/demo", "../srv/config"), ("/etc/other", "/srv/config")):
            self.path(place).symlink_to(goal)
            self.apply_well(bundle(place.rpartition("/")[2]))
        self.assertEqual((real / "demo.conf").read_text(), "setting = v1\n")
        self.assertEqual((real / "other.conf").read_text(), "setting = v1\n")
        self.assertEqual(self.run_it("verify").returncode, 0)

    def test_links_that_lead_in_a_circle(self):
        self.path("/etc").mkdir()
        self.path("/etc/demo").symlink_to("demo")
        self.assertIn("/etc/demo is a link", self.apply(bundle()).stderr)

    def test_a_folder_that_others_may_write_to_is_not_only_root_s(self):
        folder = self.path("/etc/shared")
        folder.mkdir(parents=True)
        self.path("/srv").mkdir()
        (folder / "demo").symlink_to("/srv")
        data = bundle()
        data["files"] = {"/etc/shared/demo/demo.conf": data["files"]["/etc/demo/demo.conf"]}
        for mode, group in ((0o1777, 0), (0o775, 1)):
            os.chown(folder, 0, group)
            folder.chmod(mode)
            self.assertIn("/etc/shared/demo is a link", self.apply(data).stderr)
        folder.chmod(0o755)
        self.apply_well(data)


# What changes files by path all the same, and why root follows no link by it.
ALLOWED = {
    ("accounts/damage.py", "sqlite3.connect"): "the accounts: their folder is sticky and root's",
    ("accounts/database.py", "sqlite3.connect"): "the accounts: their folder is sticky and root's",
    ("alerts/measures.py", "sqlite3.connect"): "opened to read only, in a folder that only root may change",
    ("backup/databases.py", "sqlite3.connect"): "opened to read only, as a file that nobody writes to",
    ("backup/sqlite_copy.py", "open"): "runs as the owner of the database's folder",
    ("backup/sqlite_copy.py", "sqlite3.connect"): "runs as the owner of the database's folder",
    ("keys/certificate.py", "direct.open"): "an address of the web, no file",
    ("daemons/existing_certificate.py", "os.open"): "only reads; the administrator may keep links there",
    ("daemons/mail_volume.py", "self.device.run"): "rsync to the volume, mounted where nobody but root gets to",
    ("daemons/mailbox_quota.py", "sqlite3.connect"): "opened to read only, by a user of its own",
    ("checks/ipv6.py", "own.bind"): "an address of the network, no file",
    ("checks/published.py", "own.bind"): "an address of the network, no file",
    ("deliverability/findings.py", "own.bind"): "an address of the network, no file",
    ("daemons/login_policy.py", "sqlite3.connect"): "runs as a user of its own, in its own folder",
    ("daemons/senders_server.py", "sqlite3.connect"): "opened to read only, by a user of its own",
    ("daemons/waiting_scripts.py", "(self.folder / user).touch"): "runs as a user of its own, in its own folder",
    ("daemons/waiting_scripts.py", "(self.folder / user).unlink"): "runs as a user of its own, in its own folder",
    ("accounts/webmail_data.py", "sqlite3.connect"): "with the rights of the folder's owner alone",
}
# Functions of the standard library that make or change files by path, beside those that the linter knows (ruff.toml).
FUNCTIONS = {
    *("codecs.open", "io.FileIO", "io.open", "os.mkfifo", "os.mknod", "os.removexattr", "os.setxattr", "os.truncate"),
    *("bz2.open", "dbm.open", "gzip.open", "lzma.open", "shelve.open", "sqlite3.connect", "zipfile.ZipFile"),
    *("logging.FileHandler", "shutil.make_archive", "shutil.unpack_archive", "tarfile.open"),
    *("tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory", "tempfile.mkdtemp", "tempfile.mkstemp"),
}
# Those of paths, whatever holds the path; `bind` makes a socket.
METHODS = {
    *("bind", "chmod", "extract", "extractall", "hardlink_to", "lchmod", "mkdir", "rename", "rmdir", "symlink_to"),
    *("touch", "unlink", "write_bytes", "write_text"),
}
# And programs that do. They follow links above what they are told to change.
PROGRAMS = {
    *("chgrp", "chmod", "chown", "cp", "dd", "install", "ln", "mkdir", "mkfifo", "mknod", "mv", "rm", "rmdir", "rsync"),
    *("sed", "setfacl", "sh", "bash", "tar", "tee", "touch", "truncate", "unzip"),
}


class OneModule(unittest.TestCase):
    """Everything that changes files goes through safe_path.py, or is allowed by name and for a reason."""

    def banned(self):
        with (HOST / "ruff.toml").open("rb") as file:
            return set(tomllib.load(file)["lint"]["flake8-tidy-imports"]["banned-api"])

    def calls(self, tree):
        names = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                first, _, rest = ast.unparse(node.func).partition(".")
                yield node, names.get(first, first) + (f".{rest}" if rest else "")

    def writes(self, node, place):
        """Whether it opens for writing, or in a way that cannot be told from the text."""
        mode = next((word.value for word in node.keywords if word.arg == "mode"), None)
        mode = mode or (node.args[place] if len(node.args) > place else ast.Constant("r"))
        return not (isinstance(mode, ast.Constant) and mode.value in ("r", "rb"))

    def by_path(self, node, name):
        """Whether the call may change a file that it knows by its path."""
        first = ast.unparse(node.args[0]) if node.args else ""
        if first == "os.devnull" or name.startswith("safe_path."):
            return False
        if name in self.banned() or name in FUNCTIONS:
            return True
        if name == "open":
            return not first.startswith("open_file(") and self.writes(node, 1)
        # A list that a function takes for a program's words.
        words = [each for each in [*node.args, *(word.value for word in node.keywords)] if isinstance(each, ast.List)]
        if any(
            isinstance(word, ast.Constant) and Path(str(word.value)).name in PROGRAMS
            for each in words
            for word in each.elts[:1]
        ):
            return True
        if not isinstance(node.func, ast.Attribute):
            return False
        # A method that takes them one by one.
        if node.args and isinstance(node.args[0], ast.Constant) and Path(str(node.args[0].value)).name in PROGRAMS:
            return True
        # A text has a method `replace` too, of two texts.
        path_replace = node.func.attr == "replace" and len(node.args) == 1 and not node.keywords
        return node.func.attr in METHODS or path_replace or (node.func.attr == "open" and self.writes(node, 0))

    def faults(self, source):
        return [(node.lineno, name) for node, name in self.calls(ast.parse(source)) if self.by_path(node, name)]

    def test_no_other_module_changes_files_by_path(self):
        checked, used = 0, set()
        for module in sorted((HOST / "mailstack").rglob("*.py")):
            own = str(module.relative_to(HOST / "mailstack"))
            if own != "safe_path.py":
                found = self.faults(module.read_text())
                used |= {(own, name) for _, name in found}
                self.assertEqual([each for each in found if (own, each[1]) not in ALLOWED], [], module)
                checked += 1
        self.assertGreater(checked, 50)
        self.assertEqual(used, set(ALLOWED), "allowed, but not there")

    def test_the_check_sees_each_way(self):
        for line in (
            "import os\nos.chown('/x', 0, 0)",
            "from os import rename as r\nr('/x', '/y')",
            "import shutil\nshutil.rmtree('/x')",
            "open('/x', 'w')",
            "open('/x', mode='ab')",
            "open('/x', mode)",
            "import os\nos.open('/x', os.O_WRONLY)",
            "from pathlib import Path\nPath('/x').write_text('')",
            "path.unlink()",
            "path.unlink(missing_ok=True)",
            "path.rename('/y')",
            "path.replace('/y')",
            "path.mkdir(parents=True)",
            "path.open('w')",
            "path.open(mode='a')",
            "(folder / 'x').open('r+')",
            "path.hardlink_to('/y')",
            "path.rmdir()",
            "listening.bind('/run/x')",
            "import tempfile as t\nt.mkstemp(dir='/x')",
            "import sqlite3\nsqlite3.connect('/x')",
            "run(['chown', 'root', '/x'])",
            "import subprocess\nsubprocess.run(args=['/bin/rm', '-r', '/x'])",
            "device.run('rsync', '-a', '/x/', '/y/')",
        ):
            self.assertEqual(len(self.faults(line)), 1, line)
        for line in (
            "open('/x')",
            "open('/x', 'rb')",
            "open(open_file('/x', 2), 'r+b')",
            "path.open()",
            "path.open('rb')",
            "'a'.replace('a', 'b')",
            "dataclasses.replace(old, name=1)",
            "safe_path.rename('/x', '/y')",
            "run(['systemctl', 'start', 'x'])",
        ):
            self.assertEqual(self.faults(line), [], line)


class Descriptors(HostTestCase):
    def test_none_is_left_open(self):
        with mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}):
            before = os.listdir("/proc/self/fd")
            self.path("/a/b").mkdir(parents=True)
            self.path("/a/c").symlink_to("b/../b")
            safe_path.write_new("/a/c/file", b"text", 0o600)
            self.assertEqual(safe_path.read("/a/c/file")[0], b"text")
            for path in ("/a/none/file", "/a/c/file/below"):
                with self.assertRaises((FileNotFoundError, safe_path.Refused)):
                    safe_path.read(path)
            self.assertEqual(os.listdir("/proc/self/fd"), before)
