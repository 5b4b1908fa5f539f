"""A host in a temporary folder: real files, and small programs in place of systemd, dpkg and apt."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HOST = Path(__file__).resolve().parent.parent
FAKES = HOST / "tests" / "fakes"


def bundle(service="demo", text="v1", **more):
    """Two files and a unit that loads the first of them."""
    made = {
        "service": service,
        "files": {
            f"/etc/{service}/{service}.conf": {"owner": "root:root", "mode": "0644", "content": f"setting = {text}\n"},
            f"/etc/{service}/extra.conf": {"owner": "daemon:daemon", "mode": "0640", "content": f"extra {text}\n"},
        },
        "units": {f"{service}.service": {"onChange": "restart"}},
    }
    return made | more


class HostTestCase(unittest.TestCase):
    """Gives each test its own host."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: owners of files are part of the contract")
        self.root = Path(tempfile.mkdtemp(prefix="mailstack-test-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.state = self.root / "fake"
        self.state.mkdir()

    def start(self, *argv, text="", **environment):
        """Starts the program, for tests that disturb it."""
        env = {
            "PATH": f"{FAKES}:{os.environ['PATH']}",
            "PYTHONPATH": str(HOST),
            "MAILSTACK_ROOT": str(self.root),
            "MAILSTACK_FAKES": str(self.state),
        }
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "mailstack", *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=env | environment,
        )
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        return process

    def run_it(self, *argv, text="", **environment):
        """Runs the program to its end."""
        process = self.start(*argv, text=text, **environment)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def apply(self, data, **environment):
        """Applies a bundle, whatever comes of it."""
        return self.run_it("apply", data["service"], text=json.dumps(data), **environment)

    def apply_well(self, data):
        """Applies a bundle that must succeed."""
        result = self.apply(data)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def path(self, name):
        """The real path of a host's path."""
        return self.root / name.lstrip("/")

    def read(self, name):
        """A file's text; nothing when it does not exist."""
        path = self.path(name)
        return path.read_text() if path.exists() else None

    def calls(self, program="systemctl"):
        """What a fake was asked to do, without questions."""
        log = self.state / f"{program}.log"
        return log.read_text().splitlines() if log.exists() else []

    def forget_calls(self):
        """Empties the fakes' logs."""
        for log in self.state.glob("*.log"):
            log.unlink()

    def loaded(self, unit="demo.service"):
        """The configuration that a running unit has loaded; nothing when it is stopped."""
        path = self.state / f"{unit}.active"
        return path.read_text() if path.exists() else None

    def on_disk(self):
        """Every file and directory with its inode, and when it was changed last; but what the fakes and locks write."""
        paths = [path for path in self.root.rglob("*") if path.relative_to(self.root).parts[0] not in ("fake", "run")]
        return {str(path): (path.lstat().st_ino, path.lstat().st_ctime_ns) for path in paths}

    def until(self, holds):
        """Waits for something that must come about, however busy the machine is."""
        deadline = time.monotonic() + 300
        while not holds():
            self.assertLess(time.monotonic(), deadline, "it never came about")
            time.sleep(0.01)

    def assert_clean(self):
        """No journal, no file beside its target."""
        rest = [str(path) for path in self.root.rglob("*mailstack.dpkg*")]
        rest += [str(path) for path in self.path("/var/lib/mailstack/journal").glob("*")]
        rest += [str(path) for path in self.path("/var/lib/mailstack").rglob("*.new")]
        self.assertEqual(rest, [])
