"""Firewall rules on trial: confirmed by a new connection, or taken back."""

import unittest
from unittest import mock

from mailstack.checks import bad, firewall
from mailstack.programs import Result
from tests.harness import HostTestCase

FOLDER = "/var/lib/mailstack/firewall"
RULES = "/etc/ufw/user.rules"
CONF = "/etc/ufw/ufw.conf"


class Trial(HostTestCase):
    def setUp(self):
        super().setUp()
        ufw = self.path("/lib/ufw/ufw-init")
        ufw.parent.mkdir(parents=True)
        # Notes which rules it loads, as the kernel would have them.
        ufw.write_text(
            "#!/bin/sh\n"
            f"root={self.root}\n"
            'if [ "$1" = start ] && grep -q ENABLED=yes $root/etc/ufw/ufw.conf; then\n'
            "  cp $root/etc/ufw/user.rules $root/kernel\n"
            "else\n  rm -f $root/kernel\nfi\n"
        )
        ufw.chmod(0o755)
        self.path("/etc/ufw").mkdir(parents=True)
        self.path("/etc/default").mkdir()
        self.path("/etc/default/ufw").write_text("IPV6=yes\n")
        self.path("/etc/ufw/user6.rules").write_text("six\n")

    def load(self, rules):
        """What `apply` does with new rules."""
        self.path(CONF).write_text("ENABLED=yes\n")
        self.path(RULES).write_text(rules)
        self.well("arm")
        self.path("/kernel").write_text(rules)

    def well(self, *words):
        result = self.run_it("firewall", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_confirmed_rules_stay(self):
        self.load("first")
        self.assertIn("--on-active=60", self.calls("systemd-run")[0])
        self.well("confirm")
        self.well("rollback")
        self.assertEqual(self.read("/kernel"), "first")
        self.assertIsNone(self.read(f"{FOLDER}/pending"))

    def test_without_a_confirmation_the_former_rules_come_back(self):
        self.load("first")
        self.well("confirm")
        self.load("second")
        self.well("rollback")
        self.assertEqual((self.read("/kernel"), self.read(RULES)), ("first", "first"))

    def test_the_first_rules_give_way_to_no_firewall(self):
        self.load("first")
        self.well("rollback")
        self.assertIsNone(self.read("/kernel"))
        self.assertIn("ENABLED=no", self.read(CONF))

    def test_a_late_confirmation_fails_and_tries_once_more(self):
        self.load("first")
        self.well("confirm")
        self.load("second")
        self.well("rollback")
        late = self.run_it("firewall", "confirm")
        self.assertEqual(late.returncode, 1)
        self.assertIn("former rules were put back", late.stderr)
        self.assertEqual(self.read("/kernel"), "second")
        self.assertIn("--on-active=600", self.calls("systemd-run")[-1])
        self.well("confirm")
        self.well("rollback")
        self.assertEqual((self.read("/kernel"), self.read(RULES)), ("second", "second"))

    def test_a_boot_ends_the_trial_and_this_boot_does_not(self):
        self.load("first")
        self.well("rollback", "--after-boot")
        self.assertEqual(self.read("/kernel"), "first")
        self.path(f"{FOLDER}/pending").write_text("another boot")
        self.well("rollback", "--after-boot")
        self.assertIsNone(self.read("/kernel"))

    def test_confirming_again_is_nothing_and_changed_files_are_an_error(self):
        self.load("first")
        self.well("confirm")
        self.well("confirm")
        self.path(RULES).write_text("by hand")
        changed = self.run_it("firewall", "confirm")
        self.assertEqual(changed.returncode, 1)
        self.assertIn(RULES, changed.stderr)


class Status(unittest.TestCase):
    GOOD = "-P INPUT DROP\n-N {0}\n-A {0} -p tcp -m tcp --dport 22 -j ACCEPT\n-A {0} -p tcp -m tcp --dport 25 -j ACCEPT"

    def look(self, four=GOOD, six=GOOD):
        answers = {
            "iptables": Result(0, four.format("ufw-user-input"), ""),
            "ip6tables": Result(0, six.format("ufw6-user-input"), ""),
        }
        with mock.patch.object(firewall, "run", lambda argv, _timeout: answers[argv[0]]):
            return firewall.closed("")

    def test_closed(self):
        self.assertEqual(self.look(), "2 ports open, all else refused")

    def test_open(self):
        for four, six in (
            (self.GOOD.replace("DROP", "ACCEPT"), self.GOOD),
            (self.GOOD, self.GOOD.replace("DROP", "ACCEPT")),
            (self.GOOD, "-P INPUT DROP"),
            (self.GOOD.replace("25", "3306"), self.GOOD),
        ):
            with self.subTest(four=four, six=six), self.assertRaises(bad.Bad):
                self.look(four, six)
