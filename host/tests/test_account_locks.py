"""Locks and app passwords of accounts."""

import hashlib
import json

from tests.accounts_case import AccountsTestCase, declared

CEO = "ceo@a.example"


class Locks(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well(declared("ceo", "info"))

    def user(self, *words):
        return self.run_it("user", *words)

    def test_a_lock_ends_sessions_and_stays_through_an_apply(self):
        self.assertEqual(self.user("lock", CEO).returncode, 0)
        self.assertEqual(self.calls("doveadm"), [f"kick {CEO}"])
        self.apply_well(declared("ceo", "info", "third"))
        self.assertEqual(self.rows("SELECT locked FROM users ORDER BY email"), [(1,), (0,), (0,)])
        self.assertIn("locked", self.user("list").stdout)
        self.assertEqual(self.user("unlock", CEO).returncode, 0)
        self.assertEqual(self.rows("SELECT DISTINCT locked FROM users"), [(0,)])
        self.assertIn("no user", self.user("lock", "x@a.example").stderr)

    def test_app_passwords(self):
        made = self.user("app-password", "add", CEO, "Ann's phone")
        self.assertEqual((made.returncode, made.stdout), (2, ""))
        made = self.user("app-password", "add", CEO, "phone")
        password = made.stdout.strip()
        self.assertGreaterEqual(len(password), 24)
        digest = hashlib.sha256(password.encode()).hexdigest()
        self.assertEqual(self.rows("SELECT user, name, hash FROM app_passwords"), [(CEO, "phone", digest)])
        self.assertIn("already", self.user("app-password", "add", CEO, "phone").stderr)
        self.user("app-password", "add", CEO, "tablet")
        listed = json.loads(self.user("app-password", "list", CEO, "--json").stdout)
        self.assertEqual([entry["name"] for entry in listed], ["phone", "tablet"])
        self.assertEqual(self.user("app-password", "revoke", CEO, "phone").returncode, 0)
        self.assertEqual(self.user("app-password", "revoke", CEO, "phone").returncode, 1)
        self.assertEqual(self.rows("SELECT name FROM app_passwords"), [("tablet",)])
        self.apply_well(declared("info"))
        self.assertEqual(self.user("purge", CEO, "--yes").returncode, 0)
        self.assertEqual(self.rows("SELECT name FROM app_passwords"), [])

    def test_the_age_of_a_password_begins_with_it(self):
        query = f"SELECT password_changed > unixepoch() - 60 FROM users WHERE email = '{CEO}'"
        self.assertEqual(self.rows(query), [(1,)])
        self.execute("UPDATE users SET password_changed = 1")
        self.apply_well(declared("ceo", "info", "third"))
        self.assertEqual(self.rows(query), [(0,)])
        self.execute("UPDATE users SET password = 'other'")
        self.assertEqual(self.rows(query), [(1,)])
