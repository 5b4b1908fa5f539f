"""Passwords that people choose: who may set them, and which are refused."""

import os
from unittest import mock

from mailstack.accounts.password_policy import BITS, strength
from tests.accounts_case import AccountsTestCase, declared

GOOD, OTHER = "my own pass word", "jambo rafiki yangu"


class Passwords(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well(declared("ceo"))

    def set_it(self, password, user="ceo"):
        return self.run_it("user", "set-password", f"{user}@a.example", text=f"{password}\n")

    def change(self, old, new, user="ceo"):
        return self.run_it("user", "change-password", f"{user}@a.example", text=f"{old}\n{new}\n")

    def test_set_password(self):
        done = self.set_it(GOOD)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertTrue(self.fits(GOOD, self.hash_of("ceo")))
        self.assertEqual(self.initial("ceo").returncode, 1)
        self.assertIn("no user", self.set_it(GOOD, "x").stderr)

    def test_the_policy_refuses_with_a_code_of_its_own(self):
        before = self.hash_of("ceo")
        for password, word in (
            ("short", "12 characters"),
            ("x" * 129, "128 bytes"),
            ("my own\tpass word", "control characters"),
            ("Password1234!", "easy to guess"),
            ("ceo@a.example", "easy to guess"),
        ):
            refused = self.set_it(password)
            self.assertEqual((refused.returncode, refused.stdout), (5, ""))
            self.assertIn(word, refused.stderr)
            self.assertNotIn(password, refused.stderr)
        self.assertEqual(self.hash_of("ceo"), before)

    def test_without_the_word_list_no_password_is_taken(self):
        self.path("/usr/share/dict/cracklib-small").unlink()
        refused = self.set_it(GOOD)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("cracklib-small", refused.stderr)

    def test_change_password_asks_for_the_old_one(self):
        first = self.initial("ceo").stdout.strip()
        for wrong in ("wrong", "", f"{first} ", "é\x00"):
            self.assertEqual(self.change(wrong, GOOD).returncode, 4)
        self.assertTrue(self.fits(first, self.hash_of("ceo")))
        done = self.change(first, GOOD)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertTrue(self.fits(GOOD, self.hash_of("ceo")))
        self.assertEqual(self.initial("ceo").returncode, 1)
        self.assertEqual(self.change(GOOD, "Password1234!").returncode, 5)
        self.assertEqual(self.change(GOOD, GOOD).returncode, 5)
        self.assertEqual(self.change(GOOD, OTHER, "nobody").returncode, 4)
        self.apply_well(declared("info"))
        self.assertEqual(self.change(GOOD, OTHER).returncode, 4)

    def test_each_hash_has_a_salt_of_its_own(self):
        self.apply_well(declared("ceo", "info", "sales"))
        for user in ("ceo", "info"):
            self.assertEqual(self.set_it(GOOD, user).returncode, 0)
        stored = [self.hash_of(user) for user in ("ceo", "info", "sales")]
        salts = {hashed.split("$")[2] for hashed in stored}
        self.assertEqual(len(salts), 3, "the same password of two users must not look the same")
        self.assertTrue(all(len(salt) >= 8 for salt in salts))
        first = self.hash_of("ceo")
        self.assertEqual(self.change(GOOD, OTHER).returncode, 0)
        self.assertNotEqual(self.hash_of("ceo").split("$")[2], first.split("$")[2])

    def test_what_a_guessing_program_tries_first_costs_little(self):
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        for password, most in (
            # A stem, and words of the list
            ("winter", 7),
            ("Winter", 8),
            ("w1nt3r", 7),
            ("staple", 14),
            ("Battery", 15),
            ("b@ttery", 14),
            ("1987", 7),
            ("abcdefgh", 7),
            ("zzzzzzzz", 8),
            ("x7x7x7x7", 10),
            ("        ", 5),
        ):
            self.assertLessEqual(strength(password), most, password)
        self.assertLessEqual(strength("example.org", frozenset({"example.org"})), 1)
        # Two words of a list and a year are not enough, whatever is between them; four words are.
        self.assertLess(strength("winter-football-24"), BITS)
        self.assertGreaterEqual(strength("winter horse battery staple"), BITS)
        self.assertGreaterEqual(BITS, 37)

    def test_strength(self):
        # The word list of this host, not the machine's, which may have none.
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        weak = (
            "P@ssw0rd1234 Qwertyuiop1! letmeinletmein 1qaz2wsx3edc football2024 Winter2024!! abababababab"
            " 987654321098 aaaaaaaaaaaa Administrator1"
        )
        for password in weak.split():
            self.assertLess(strength(password), BITS, password)
        for password in (GOOD, OTHER, "correct horse battery staple", "x7kq-9dmw-2hfz", "ß-öäü-12-ЖЩЮ-99"):
            self.assertGreater(strength(password), BITS, password)
