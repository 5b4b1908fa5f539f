"""What the webmail has of a user who is purged."""

import base64
import os
import sqlite3

from tests.accounts_case import AccountsTestCase, declared

FOLDER = "/var/lib/mailstack-webmail"
# Of the tables of Roundcube 1.6 those that matter here.
TABLES = """
CREATE TABLE users (user_id integer NOT NULL PRIMARY KEY, username varchar(128) NOT NULL);
CREATE TABLE contacts (
  contact_id integer NOT NULL PRIMARY KEY, email text,
  user_id integer NOT NULL REFERENCES users (user_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE session (sess_id varchar(128) NOT NULL PRIMARY KEY, vars text NOT NULL);
INSERT INTO users VALUES (1, 'ceo@a.example'), (2, 'Info@a.example');
INSERT INTO contacts VALUES (1, 'friend-of-ceo', 1), (2, 'friend-of-info', 2);
"""
OWNER = 4711


class WebmailDataTest(AccountsTestCase):
    def setUp(self):
        super().setUp()
        folder = self.path(FOLDER)
        folder.mkdir(parents=True)
        self.database = folder / "roundcube.db"
        self.query(TABLES)
        for user in ("ceo", "info"):
            words = f'language|s:5:"en_US";username|s:{len(user) + 10}:"{user}@a.example";'
            self.query(f"INSERT INTO session VALUES ('of-{user}', '{base64.b64encode(words.encode()).decode()}')")
        for path in (folder, self.database):
            os.chown(path, OWNER, OWNER)
        # Whoever owns the folder must be able to reach it.
        for parent in folder.parents:
            if str(parent).startswith("/tmp/"):
                parent.chmod(0o755)
        self.apply_well(declared("ceo", "info"))
        self.apply_well(declared("ceo"))
        self.mail = self.path("/var/vmail/a.example/info/Maildir")
        self.mail.mkdir(parents=True)

    def query(self, script):
        connection = sqlite3.connect(self.database)
        self.addCleanup(connection.close)
        connection.executescript(script)

    def values(self, statement):
        with sqlite3.connect(self.database) as connection:
            rows = [row[0] for row in connection.execute(statement)]
        connection.close()
        return rows

    def purge(self):
        return self.run_it("user", "purge", "info@a.example", "--yes")

    def test_all_of_one_user_goes_and_nothing_else(self):
        self.assertEqual(self.purge().returncode, 0)
        self.assertEqual(self.values("SELECT username FROM users"), ["ceo@a.example"])
        self.assertEqual(self.values("SELECT email FROM contacts"), ["friend-of-ceo"])
        self.assertEqual(self.values("SELECT sess_id FROM session"), ["of-ceo"])
        self.assertNotIn(b"friend-of-info", self.database.read_bytes())
        self.assertEqual(os.stat(self.database).st_uid, OWNER)

    def test_nothing_stays_in_the_files_while_the_webmail_has_them_open(self):
        page = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(page.close)
        page.execute("PRAGMA journal_mode = WAL")
        page.execute("UPDATE contacts SET email = 'friend-of-info-too' WHERE user_id = 2")
        page.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for path in self.database.parent.iterdir():
            os.chown(path, OWNER, OWNER)
        self.assertEqual(self.purge().returncode, 0)
        left = [path.name for path in self.database.parent.iterdir() if b"friend-of-info" in path.read_bytes()]
        self.assertEqual(left, [])
        self.assertEqual(page.execute("SELECT email FROM contacts").fetchall(), [("friend-of-ceo",)])

    def test_a_link_of_the_webmail_is_no_way_to_what_is_not_its_own(self):
        elsewhere = self.path("/var/lib/secret.db")
        self.database.rename(elsewhere)
        os.chown(elsewhere, 0, 0)
        self.database.symlink_to(elsewhere)
        result = self.purge()
        self.assertEqual(result.returncode, 1)
        self.assertIn("readonly", result.stderr)
        self.assertTrue(self.mail.exists())
        self.assertEqual(len(self.values("SELECT username FROM users")), 2)

    def test_a_database_that_is_none_keeps_the_mail_too(self):
        self.database.write_bytes(b"no database, but text that is long enough to be looked at as one" * 20)
        result = self.purge()
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a database", result.stderr)
        self.assertTrue(self.mail.exists())

    def test_a_host_without_webmail(self):
        self.database.unlink()
        self.assertEqual(self.purge().returncode, 0)
        self.assertFalse(self.mail.exists())
