"""A database of accounts with other bytes than were written: verify and status name it."""

import random

from tests.accounts_case import DATABASE, AccountsTestCase, declared


class Damage(AccountsTestCase):
    def setUp(self):
        super().setUp()
        users = [f"user{number}" for number in range(60)]
        self.apply_well(declared(*users, aliases=[("sales", "user1")]))
        self.file = self.path(DATABASE)
        self.good = self.file.read_bytes()

    def verify(self):
        result = self.run_it("verify")
        return result.stdout if result.returncode == 3 else ""

    def test_a_whole_one(self):
        self.assertEqual(self.verify(), "")

    def test_flipped_bytes_anywhere_in_what_is_stored(self):
        dice = random.Random(12)
        used = [place for place, byte in enumerate(self.good) if byte and place > 100]
        for _ in range(25):
            first = dice.choice(used)
            changed = bytes(byte ^ 0xFF for byte in self.good[first : first + 8])
            with self.subTest(first):
                self.file.write_bytes(self.good[:first] + changed + self.good[first + 8 :])
                self.assertIn(f"accounts: {DATABASE} ", self.verify())

    def test_one_flipped_byte_of_a_password(self):
        place = self.good.index(b"$6$") + 30
        self.file.write_bytes(self.good[:place] + b"\xff" + self.good[place + 1 :])
        self.assertRegex(self.verify(), f"accounts: {DATABASE} is damaged: users.(password|initial_hash) of")

    def test_a_cut_or_empty_file_and_another_one(self):
        for content in (self.good[: len(self.good) // 2], b"", b"no database" * 1000):
            self.file.write_bytes(content)
            self.assertIn(f"accounts: {DATABASE} is damaged", self.verify())

    def test_status_says_so(self):
        self.assertNotIn("damaged", self.run_it("status").stdout)
        half = len(self.good) // 2
        self.file.write_bytes(self.good[:half])
        self.assertRegex(self.run_it("status").stdout, f"BAD +accounts +{DATABASE} is damaged")
