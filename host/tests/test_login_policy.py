"""The lockout of accounts: who is shut out, from where, and for how long."""

import tempfile
import unittest
from pathlib import Path

from mailstack.login_policy import KNOWN_SECONDS, LoginPolicy

CEO = "ceo@a.example"


class Lockout(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = str(Path(folder.name) / "logins.db")
        self.time = 1_000_000.0
        self.policy = self.opened()

    def opened(self):
        return LoginPolicy(self.file, 5, 15, lambda: self.time)

    def fail(self, remote, *words, login=CEO):
        for word in words:
            self.policy.report({"login": login, "remote": remote, "pwhash": word, "success": False})

    def succeed(self, remote, login=CEO):
        self.policy.report({"login": login, "remote": remote, "pwhash": "right", "success": True})

    def may(self, remote, login=CEO, **more):
        return self.policy.allow({"login": login, "remote": remote} | more)

    def test_five_wrong_passwords_from_anywhere_lock_strangers_out_for_a_while(self):
        for number, word in enumerate("abcd"):
            self.fail(f"192.0.2.{number}", word)
        self.assertTrue(self.may("192.0.2.9"))
        self.fail("198.51.100.1", "e")
        self.assertFalse(self.may("192.0.2.9"))
        self.assertFalse(self.may("192.0.2.9", login="CEO@A.example"))
        self.assertTrue(self.may("192.0.2.9", login="info@a.example"))
        self.policy = self.opened()
        self.assertFalse(self.may("192.0.2.9"))
        self.assertEqual([entry["scope"] for entry in self.policy.locks()], ["strangers"])
        self.time += 15 * 60
        self.assertTrue(self.may("192.0.2.9"))
        self.assertEqual(self.policy.locks(), [])

    def test_strangers_do_not_lock_out_the_users_own_addresses_nor_app_passwords(self):
        self.succeed("192.0.2.1")
        self.fail("203.0.113.1", *"abcde")
        self.assertTrue(self.may("192.0.2.1"))
        self.assertFalse(self.may("192.0.2.2"))
        self.assertTrue(self.may("192.0.2.2", app="phone"))
        # For ever is not enough either.
        self.time += KNOWN_SECONDS
        self.fail("203.0.113.1", *"abcde")
        self.assertFalse(self.may("192.0.2.1"))

    def test_a_known_address_is_counted_by_itself(self):
        self.succeed("192.0.2.1")
        self.fail("192.0.2.1", *"abcde")
        self.assertFalse(self.may("192.0.2.1"))
        self.assertTrue(self.may("203.0.113.1"))

    def test_the_webmail_is_counted_by_itself_and_never_known(self):
        self.succeed("127.0.0.1")
        self.fail("203.0.113.1", *"abcde")
        self.assertTrue(self.may("127.0.0.1"))
        self.fail("::1", *"abcde")
        self.assertFalse(self.may("127.0.0.1"))

    def test_the_same_wrong_password_is_one_failure_and_old_ones_are_none(self):
        self.fail("203.0.113.1", *"aaaaaaaa")
        self.assertTrue(self.may("203.0.113.1"))
        self.fail("203.0.113.1", *"bcd")
        self.time += 15 * 60
        self.fail("203.0.113.1", *"efgh")
        self.assertTrue(self.may("203.0.113.1"))

    def test_one_network_of_ipv6_is_one_device(self):
        self.succeed("2001:db8::1")
        self.fail("203.0.113.1", *"abcde")
        self.assertTrue(self.may("2001:db8::99"))
        self.assertFalse(self.may("2001:db8:0:1::1"))

    def test_a_refusal_by_the_policy_is_no_failure_and_no_login(self):
        self.fail("203.0.113.1", *"abcde")
        refused = {"login": CEO, "remote": "192.0.2.1", "pwhash": "right", "success": True, "policy_reject": True}
        self.policy.report(refused)
        self.assertFalse(self.may("192.0.2.1"))

    def test_nothing_is_known_about_an_account_that_is_gone(self):
        self.succeed("192.0.2.1")
        self.policy.forget(CEO)
        self.fail("203.0.113.1", *"abcde")
        self.assertFalse(self.may("192.0.2.1"))

    def test_forgiven(self):
        self.fail("203.0.113.1", *"abcde")
        self.policy.forgive(CEO)
        self.assertTrue(self.may("203.0.113.1"))
