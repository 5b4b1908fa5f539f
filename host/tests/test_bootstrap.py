"""The program arrives whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import time

from tests.harness import HOST, HostTestCase

_TEXT = (HOST / "bootstrap.py").read_text()


def program(**more):
    """What the deploying program sends."""
    folder = HOST / "mailstack"
    files = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.py"))}
    return {"files": files | {f"{name}.py": text for name, text in more.items()}}


class Bootstrap(HostTestCase):
    def install(self, data, text=_TEXT):
        return subprocess.run(
            [sys.executable, "-c", text],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"MAILSTACK_ROOT": str(self.root)},
        )

    def versions(self):
        return sorted(path.name for path in self.path("/usr/local/lib/mailstack").iterdir() if path.name != "current")

    def launch(self):
        argv = [sys.executable, "-IS", self.path("/usr/local/sbin/mailstack"), "--help"]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def test_a_shell_can_quote_it(self):
        self.assertNotIn("'", _TEXT)

    def test_install_again_and_another_version(self):
        first = self.install(program())
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("apply", self.launch().stdout)
        self.assertEqual(self.path("/usr/local/sbin/mailstack").stat().st_mode & 0o777, 0o755)
        again = self.install(program())
        self.assertEqual((again.stdout, self.versions()), (first.stdout, [json.loads(first.stdout)["version"]]))
        seen = [json.loads(self.install(program(extra=f"X = {number}\n")).stdout)["version"] for number in range(3)]
        self.assertEqual(self.versions(), sorted(seen[1:]), "the version before stays, older ones go")
        self.assertEqual(self.launch().returncode, 0)

    def test_a_damaged_version_is_repaired(self):
        version = json.loads(self.install(program()).stdout)["version"]
        main = self.path(f"/usr/local/lib/mailstack/{version}/mailstack/__main__.py")
        main.write_text("raise SystemExit(9)\n")
        self.install(program())
        self.assertEqual(self.launch().returncode, 0)

    def test_what_is_refused(self):
        self.install(program())
        for bad in ({"files": {}}, program(broken="def (:\n"), {"files": program()["files"] | {"../x.py": ""}}):
            self.assertNotEqual(self.install(bad).returncode, 0)
        self.assertEqual(self.launch().returncode, 0)

    def test_killed_at_any_moment_the_launcher_works(self):
        self.install(program())
        for delay in range(0, 160, 8):
            data = json.dumps(program(extra=f"X = {delay}\n"))
            process = subprocess.Popen(
                [sys.executable, "-c", _TEXT],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"MAILSTACK_ROOT": str(self.root)},
            )
            process.stdin.write(data.encode())
            process.stdin.close()
            time.sleep(delay / 1000)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertEqual(self.launch().returncode, 0, f"after {delay} ms")
        self.install(program())
        self.assertFalse([name for name in self.versions() if name.startswith(".")])
