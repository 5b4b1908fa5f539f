"""Packages: one transaction, nothing starts in it, nothing of it stays."""

import json
import signal

from tests.harness import HostTestCase, bundle


class Packages(HostTestCase):
    def install(self, *names, **environment):
        text = json.dumps({"packages": list(names), "debconf": ["postfix postfix/mailname string mail.example"]})
        return self.run_it("packages", text=text, **environment)

    def assert_no_guard(self):
        for left in ("/usr/sbin/policy-rc.d", "/run/mailstack/apt.pid", "/var/lib/man-db/auto-update.mailstack"):
            self.assertIsNone(self.read(left))

    def test_missing_packages_in_one_transaction(self):
        man_db = self.path("/var/lib/man-db/auto-update")
        man_db.parent.mkdir(parents=True)
        man_db.touch()
        (self.state / "installed").write_text("one\n")
        result = self.install("one", "two", "three")
        self.assertEqual((result.returncode, json.loads(result.stdout)), (0, {"packages": 3}), result.stderr)
        calls = self.calls("apt-get")
        self.assertTrue(calls[0].startswith("update"))
        self.assertTrue(calls[1].endswith(" two three"), calls)
        self.assertEqual(calls[2], "policy 101")
        self.assertEqual(calls[3:], ["policy for a timer 104"])
        self.assertIn("mail.example", self.calls("debconf")[0])
        self.assertTrue(man_db.exists())
        self.assert_no_guard()
        again = self.install("one", "two")
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertEqual(len(self.calls("apt-get")), 4)

    def test_a_host_that_was_just_made_gets_its_security_updates_and_no_others(self):
        (self.state / "upgrades").write_text(
            "Inst libssl3 [3.0.20-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []\n"
            "Inst base-files [12.4] (12.5 Debian:12.11/oldstable [amd64])\n"
            "Inst new-thing (1.0 Debian-Security:12/oldstable-security [all])\n"
            "Inst noble [1] (2 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64])\n"
            "Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])\n"
        )
        result = self.run_it("first-upgrade")
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
        installs = [call for call in self.calls("apt-get") if " install " in f" {call} "]
        self.assertEqual([call.split(" --only-upgrade ")[1] for call in installs], ["libssl3 noble"])
        self.assert_no_guard()
        count = len(self.calls("apt-get"))
        self.apply_well(bundle())
        self.assertEqual(self.run_it("first-upgrade").returncode, 0)
        self.assertEqual(len(self.calls("apt-get")), count, "a host at work is upgraded at night")

    def test_unknown_package(self):
        result = self.install("no-such-thing")
        self.assertEqual(result.returncode, 1)
        self.assertIn("E: Unable to locate package no-such-thing", result.stderr)
        self.assertEqual(len([call for call in self.calls("apt-get") if call.startswith("update")]), 2)
        self.assert_no_guard()

    def test_what_a_failed_transaction_installed_is_ours_too(self):
        (self.state / "installed").write_text("one\n")
        self.assertEqual(self.install("one", "two", "no-such-thing").returncode, 1)
        self.assertEqual(json.loads(self.read("/var/lib/mailstack/packages.json")), ["two"])

    def test_a_taken_lock_is_waited_for(self):
        (self.state / "apt.locked").touch()
        result = self.install("two")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("waiting for another apt", result.stderr)

    def test_a_signal_waits_for_the_end_of_the_transaction(self):
        (self.state / "apt.slow").write_text("1")
        process = self.start("packages", text='{"packages": ["two"]}')
        self.until(lambda: self.path("/run/mailstack/apt.pid").exists() and len(self.calls("apt-get")) >= 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertEqual(self.read("/fake/installed"), "two\n")
        self.assert_no_guard()

    def test_a_kill_leaves_a_guard_that_forbids_nothing(self):
        (self.state / "apt.slow").write_text("1")
        process = self.start("packages", text='{"packages": ["two"]}')
        self.until(lambda: len(self.calls("apt-get")) >= 3)
        process.kill()
        process.communicate()
        # apt goes on without whom it was started by.
        self.until((self.state / "installed").exists)
        self.until(lambda: self.policy() == 104)
        self.assertEqual(self.install("two").returncode, 0)
        self.assert_no_guard()

    def policy(self):
        import subprocess

        return subprocess.run(["sh", self.path("/usr/sbin/policy-rc.d")], check=False).returncode

    def test_an_administrators_policy_stays(self):
        own = self.path("/usr/sbin/policy-rc.d")
        own.parent.mkdir(parents=True)
        own.write_text("#!/bin/sh\nexit 0\n")
        self.assertEqual(self.install("two").returncode, 0)
        self.assertEqual(own.read_text(), "#!/bin/sh\nexit 0\n")

    def test_bad_input(self):
        for text in ("{", "[]", '{"package": []}', '{"packages": [1]}'):
            self.assertEqual(self.run_it("packages", text=text).returncode, 1)
