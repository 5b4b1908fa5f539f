"""Accounts: rows follow the declaration, passwords belong to the users."""

import json
import signal
import sqlite3

from tests.accounts_case import DATABASE, AccountsTestCase, declared


class Accounts(AccountsTestCase):
    def test_new_users_get_readable_generated_passwords(self):
        result = self.apply_well(declared("ceo", "info", aliases=[("root", "ceo")]))
        self.assertEqual(json.loads(result.stdout), {"service": "accounts", "outputs": {}})
        password = self.initial("ceo").stdout.strip()
        self.assertGreaterEqual(len(password), 20)
        self.assertNotIn(password, result.stderr + self.read("/var/lib/mailstack/manifests/accounts.json"))
        self.assertTrue(self.fits(password, self.hash_of("ceo")))
        self.assertNotEqual(password, self.initial("info").stdout.strip())
        file = self.path("/etc/mailstack/initial-passwords/ceo@a.example")
        self.assertEqual((file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777), (0o600, 0o700))
        self.assertEqual(self.rows("SELECT * FROM aliases"), [("root@a.example", "ceo@a.example")])
        database = self.path(DATABASE).stat()
        self.assertEqual((database.st_mode & 0o777, database.st_uid, database.st_gid), (0o660, 0, 8))
        self.assertEqual(self.rows("PRAGMA journal_mode"), [("delete",)])

    def test_same_again_changes_nothing(self):
        self.apply_well(declared("ceo"))
        before, inode = self.hash_of("ceo"), self.path(DATABASE).stat()
        again = self.apply_well(declared("ceo"))
        after = self.path(DATABASE).stat()
        self.assertEqual((again.stderr, self.hash_of("ceo")), ("", before))
        self.assertEqual((inode.st_ino, inode.st_mtime_ns), (after.st_ino, after.st_mtime_ns))

    def test_a_password_of_the_users_own_is_never_overwritten(self):
        self.apply_well(declared("ceo"))
        self.execute("UPDATE users SET password = '{SHA512-CRYPT}$6$own$hash'")
        self.apply_well(declared("ceo", "info"))
        self.assertEqual(self.hash_of("ceo"), "{SHA512-CRYPT}$6$own$hash")
        self.assertIsNone(self.read("/etc/mailstack/initial-passwords/ceo@a.example"))
        told = self.initial("ceo")
        self.assertEqual((told.returncode, told.stdout), (1, ""))
        self.assertIn("own password", told.stderr)
        users = json.loads(self.run_it("user", "list", "--json").stdout)
        self.assertEqual([user["initialPassword"] for user in users], [False, True])

    def test_a_raised_version_sets_a_new_one_once(self):
        self.apply_well(declared("ceo", "info"))
        info = self.hash_of("info")
        self.execute("UPDATE users SET password = 'own' WHERE email = 'ceo@a.example'")
        self.apply_well(declared("ceo", "info", versions={"ceo": 2}))
        new = self.hash_of("ceo")
        self.assertTrue(self.fits(self.initial("ceo").stdout.strip(), new))
        self.apply_well(declared("ceo", "info", versions={"ceo": 2}))
        self.apply_well(declared("ceo", "info"))
        self.assertEqual((self.hash_of("ceo"), self.hash_of("info")), (new, info))

    def test_removed_and_added_again(self):
        self.apply_well(declared("ceo", "info"))
        old = self.hash_of("info")
        self.apply_well(declared("ceo"))
        self.assertEqual(self.rows("SELECT active FROM users ORDER BY email"), [(1,), (0,)])
        self.assertIn("removed", self.run_it("user", "list").stdout)
        self.apply_well(declared("ceo", "info"))
        self.assertEqual(self.rows("SELECT active FROM users ORDER BY email"), [(1,), (1,)])
        self.assertEqual(self.hash_of("info"), old)

    def test_purge_only_of_a_removed_user(self):
        self.apply_well(declared("ceo", "info"))
        mail = self.path("/var/vmail/a.example/info/Maildir")
        mail.mkdir(parents=True)
        self.assertIn("in use", self.run_it("user", "purge", "info@a.example", "--yes").stderr)
        self.apply_well(declared("ceo"))
        self.assertEqual(self.run_it("user", "purge", "info@a.example").returncode, 2)
        self.assertTrue(mail.exists())
        self.assertEqual(self.run_it("user", "purge", "info@a.example", "--yes").returncode, 0)
        self.assertFalse(mail.parent.exists())
        self.assertEqual(self.rows("SELECT email FROM users"), [("ceo@a.example",)])

    def test_aliases_domains_and_drift(self):
        self.apply_well(
            declared("ceo", aliases=[("root", "ceo"), ("abuse", "ceo")], domains=("a.example", "b.example"))
        )
        self.execute("INSERT INTO aliases VALUES ('x@a.example', 'ceo@a.example')")
        verified = self.run_it("verify")
        self.assertEqual(verified.returncode, 3)
        self.assertIn("no alias x@a.example", verified.stdout)
        self.apply_well(declared("ceo", aliases=[("root", "ceo")]))
        self.assertEqual(self.rows("SELECT source FROM aliases"), [("root@a.example",)])
        self.assertEqual(self.rows("SELECT * FROM domains ORDER BY name"), [("a.example", 1), ("b.example", 0)])

    def test_wal_mode_is_switched_back(self):
        self.apply_well(declared("ceo"))
        self.execute("PRAGMA journal_mode = WAL")
        self.apply_well(declared("ceo"))
        self.assertEqual(self.rows("PRAGMA journal_mode"), [("delete",)])

    def test_wal_mode_stays_while_a_daemon_reads_and_accounts_change_all_the_same(self):
        self.apply_well(declared("ceo"))
        reader = sqlite3.connect(self.path("/var/lib/mailserver/mail.db"))
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("SELECT * FROM users").fetchall()
        self.apply_well(declared("ceo", "new"))
        self.assertEqual(reader.execute("SELECT count(*) FROM users").fetchone(), (2,))
        reader.close()
        self.assertEqual(self.run_it("user", "list").returncode, 0)
        self.assertEqual(self.rows("PRAGMA journal_mode"), [("delete",)])

    def test_an_older_database_gets_the_new_columns(self):
        self.path("/var/lib/mailserver").mkdir(parents=True)
        self.execute("CREATE TABLE users (email TEXT PRIMARY KEY, password TEXT, quota_mb INTEGER, active INTEGER)")
        self.execute("INSERT INTO users VALUES ('ceo@a.example', 'old', 1, 1)")
        self.apply_well(declared("ceo"))
        self.assertEqual(self.rows("SELECT password, quota_mb FROM users"), [("old", 1024)])

    def test_kill_before_and_after_the_rows(self):
        self.apply_well(declared("ceo"))
        for step in ("after", "accounts", "committed"):
            user = f"new-{step}"
            result = self.apply(declared("ceo", user), MAILSTACK_TEST_KILL_AT=step)
            self.assertEqual(result.returncode, -signal.SIGKILL)
            self.apply_well(declared("ceo", user))
            self.assertTrue(self.fits(self.initial(user).stdout.strip(), self.hash_of(user)), step)
            self.assert_clean()

    def test_bad_accounts(self):
        for data, word in (
            (declared("CEO"), "lower-case"),
            (declared("ceo", "ceo"), "named twice"),
            (declared("ceo", domains=("b.example",)), "none of the domains"),
        ):
            result = self.apply(data)
            self.assertEqual(result.returncode, 1)
            self.assertIn(word, result.stderr)
