"""What `mailstack status` says about logs, the clock and upgrades, where a booted host cannot show it."""

import contextlib
import json
import os
import tempfile
import time
import unittest
from unittest import mock

from mailstack.checks import bad, clock, logs, upgrades
from mailstack.programs import Result


@contextlib.contextmanager
def answers(module, **results):
    """The module's programs, by name with `_` for `-`, end with these codes or print these texts."""

    def run(argv, _timeout):
        result = results[argv[0].replace("-", "_")]
        return Result(result, "", "") if isinstance(result, int) else Result(0, result, "")

    with mock.patch.object(module, "run", run):
        yield


class Clock(unittest.TestCase):
    def look(self, synchronized, up):
        with tempfile.NamedTemporaryFile("w") as uptime:
            uptime.write(f"{up} 1.0\n")
            uptime.flush()
            with (
                answers(clock, systemd_detect_virt=1, timedatectl=synchronized + "\n"),
                mock.patch.object(clock, "on_host", lambda _path: uptime.name),
            ):
                return clock.right("")

    def test_a_machine_of_its_own(self):
        self.assertEqual(self.look("yes", 5), "set by NTP")
        self.assertIn("not set by NTP yet", self.look("no", 60))
        with self.assertRaisesRegex(bad.Bad, "not set by NTP since the boot 2 h ago"):
            self.look("no", 7200)

    def test_a_container(self):
        with answers(clock, systemd_detect_virt=0):
            self.assertIn("around this container", clock.right(""))


class Upgrades(unittest.TestCase):
    def look(self, days=None, reboot=False, timer=0):
        with tempfile.TemporaryDirectory() as root:

            def on_host(path):
                return os.path.join(root, path.replace("/", "_"))

            if days is not None:
                with open(on_host("/var/lib/apt/periodic/unattended-upgrades-stamp"), "w") as stamp:
                    os.utime(stamp.fileno(), times=(time.time() - days * 86400,) * 2)
            if reboot:
                open(on_host("/run/reboot-required"), "w").close()
            with answers(upgrades, systemctl=timer), mock.patch.object(upgrades, "on_host", on_host):
                return upgrades.nightly("")

    def test_well(self):
        self.assertEqual(self.look(), "first run to come")
        self.assertEqual(self.look(days=1), "last run 24 h ago")
        self.assertEqual(self.look(days=1, reboot=True), "last run 24 h ago; the host must be rebooted")

    def test_not_well(self):
        with self.assertRaisesRegex(bad.Bad, "last run 9 days ago"):
            self.look(days=9)
        with self.assertRaisesRegex(bad.Bad, "does not run"):
            self.look(timer=3)


class Logs(unittest.TestCase):
    def look(self, behind=0.0, mode=0o640):
        with tempfile.NamedTemporaryFile() as file:
            os.chmod(file.name, mode)
            written = time.time() - 100
            os.utime(file.name, times=(written, written))
            newest = json.dumps({"__REALTIME_TIMESTAMP": str(int((written + behind) * 1e6))})
            with (
                answers(logs, journalctl=newest + "\n"),
                mock.patch.object(logs, "on_host", lambda _path: file.name),
                mock.patch.object(logs, "_PATIENCE_SECONDS", 0),
            ):
                return logs.written("")

    def test_well(self):
        self.assertEqual(self.look(), "mail.log is written, 0 MiB")

    def test_not_well(self):
        with self.assertRaisesRegex(bad.Bad, "lacks the last 50 s"):
            self.look(behind=50)
        with self.assertRaisesRegex(bad.Bad, "mode 0644"):
            self.look(mode=0o644)
        with (
            answers(logs, journalctl=""),
            mock.patch.object(logs, "on_host", lambda _path: "/nowhere"),
            self.assertRaisesRegex(bad.Bad, "there is no"),
        ):
            logs.written("")
