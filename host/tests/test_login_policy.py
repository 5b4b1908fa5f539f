"""The lockout of accounts: who is shut out, from where, and for how long."""

import tempfile
import unittest
from pathlib import Path

from mailstack.daemons.login_policy import KNOWN_SECONDS, LoginPolicy

CEO = "ceo@a.example"


class Lockout(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = str(Path(folder.name) / "logins.db")
        self.time = 1_000_000.0
        self.policy = self.opened()

    def opened(self):
        return LoginPolicy(self.file, 5, 15, ["198.51.100.0/24", "2001:db8:ff::/48"], lambda: self.time)

    def fail(self, remote, *words, login=CEO):
        for word in words:
            self.policy.report({"login": login, "remote": remote, "pwhash": word, "success": False})

    def succeed(self, remote, login=CEO):
        self.policy.report({"login": login, "remote": remote, "pwhash": "right", "success": True})

    def may(self, remote, login=CEO, **more):
        return self.policy.allow({"login": login, "remote": remote} | more)

    def fail_from_many(self, networks, each=5):
        for network in networks:
            self.fail(network, *(f"{network} {number}" for number in range(each)))

    def test_who_guesses_is_locked_out_for_a_while_and_nobody_else(self):
        self.fail("192.0.2.1", *"abcd")
        self.assertTrue(self.may("192.0.2.1"))
        self.fail("192.0.2.1", "e")
        self.assertFalse(self.may("192.0.2.1"))
        self.assertFalse(self.may("192.0.2.1", login="CEO@A.example"))
        self.assertTrue(self.may("192.0.2.1", login="info@a.example"))
        self.assertTrue(self.may("192.0.2.2"))
        self.policy = self.opened()
        self.assertFalse(self.may("192.0.2.1"))
        self.assertEqual([entry["scope"] for entry in self.policy.locks()], ["192.0.2.1"])
        self.time += 15 * 60
        self.assertTrue(self.may("192.0.2.1"))
        self.assertEqual(self.policy.locks(), [])

    def test_a_64_is_one_stranger_and_locks_nobody_else_out(self):
        logins = [f"{name}@a.example" for name in ("ceo", "info", "admin")]
        for number in range(90):
            self.fail(f"2001:db8:0:1::{number + 1:x}", f"guess {number}", login=logins[number % 3])
        for login in logins:
            self.assertFalse(self.may("2001:db8:0:1:ffff::1", login=login))
            self.assertTrue(self.may("2001:db8:0:2::1", login=login))
            self.assertTrue(self.may("192.0.2.1", login=login))

    def test_one_customer_with_many_networks_locks_only_those_out(self):
        self.fail_from_many([f"2001:db8:0:{number:x}::1" for number in range(15)])
        self.fail_from_many([f"192.0.2.{number}" for number in range(15)])
        self.assertFalse(self.may("192.0.2.7"))
        self.assertTrue(self.may("203.0.113.1"))

    def test_guesses_from_many_places_lock_all_strangers_out_not_the_users_own_addresses_nor_app_passwords(self):
        self.succeed("203.0.113.1")
        self.fail_from_many([f"192.0.{number}.1" for number in range(9)])
        self.assertTrue(self.may("203.0.113.2"))
        self.fail_from_many(["2001:db8::1"])
        self.assertFalse(self.may("203.0.113.2"))
        self.assertEqual(len(self.policy.locks()), 11)
        self.assertTrue(self.may("203.0.113.1"))
        self.assertTrue(self.may("203.0.113.2", app="phone"))
        self.assertTrue(self.may("203.0.113.2", login="info@a.example"))

    def test_an_own_address_is_not_known_for_ever(self):
        self.succeed("203.0.113.1")
        self.time += KNOWN_SECONDS
        self.fail_from_many([f"192.0.{number}.1" for number in range(10)])
        self.assertFalse(self.may("203.0.113.1"))

    def test_a_trusted_network_is_never_locked_out_and_its_failures_count_for_nobody(self):
        self.fail_from_many([f"198.51.100.{number}" for number in range(50)])
        self.fail("2001:db8:ff:1::1", *"abcdefgh")
        self.assertEqual(self.policy.locks(), [])
        self.fail_from_many([f"192.0.{number}.1" for number in range(10)])
        self.assertFalse(self.may("203.0.113.1"))
        self.assertTrue(self.may("198.51.100.9"))

    def test_a_known_address_is_counted_by_itself(self):
        self.succeed("192.0.2.1")
        self.fail("192.0.2.1", *"abcde")
        self.assertFalse(self.may("192.0.2.1"))
        self.assertTrue(self.may("203.0.113.1"))

    def test_the_webmail_is_counted_by_itself_and_never_known(self):
        self.succeed("127.0.0.1")
        self.fail_from_many([f"192.0.{number}.1" for number in range(10)])
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
        self.fail_from_many([f"192.0.{number}.1" for number in range(10)])
        self.assertTrue(self.may("2001:db8::99"))
        self.assertFalse(self.may("2001:db8:0:1::1"))

    def test_a_refusal_by_the_policy_is_no_failure_and_no_login(self):
        self.fail("203.0.113.1", *"abcde")
        refused = {"login": CEO, "remote": "203.0.113.1", "pwhash": "right", "success": True, "policy_reject": True}
        self.policy.report(refused)
        self.assertFalse(self.may("203.0.113.1"))

    def test_nothing_is_known_about_an_account_that_is_gone(self):
        self.succeed("192.0.2.1")
        self.policy.forget(CEO)
        self.fail_from_many([f"203.0.{number}.1" for number in range(10)])
        self.assertFalse(self.may("192.0.2.1"))

    def test_forgiven(self):
        self.fail("203.0.113.1", *"abcde")
        self.policy.forgive(CEO)
        self.assertTrue(self.may("203.0.113.1"))
