"""`mailstack restore mail` with the real restic: lost mailboxes go back to their places, and no other is touched."""

import os
import pwd
import shutil
import stat
from unittest import mock

from mailstack.accounts.database import opened, prepare
from tests.backup_case import OTHER, STATE, USER, BackupTestCase

DATABASE = "/var/lib/mailserver/mail.db"
HOME = os.path.dirname(USER)
BOB = "/var/vmail/a.example/bob"


class Mailboxes(BackupTestCase):
    def fill(self):
        super().fill()
        self.path(f"{BOB}/Maildir/cur").mkdir(parents=True)
        self.path(f"{BOB}/Maildir/cur/9.b:2,").write_text("Subject: of Bob\n\nnine\n")
        self.path(f"{HOME}/sieve").mkdir()
        self.path(f"{HOME}/sieve/archive.sieve").write_text("keep;\n")
        self.path(f"{USER}/dovecot-uidlist").write_text("3 V1700000000 N57 Gabc\n1 :1.a\n")
        self.own("/var/vmail")
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            prepare(DATABASE)
            self.users("ceo", "bob")
        (self.state / "dovecot.service.active").write_text("")

    def users(self, *names):
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)), opened(DATABASE) as connection:
            connection.execute("DELETE FROM users")
            for name in names:
                connection.execute(
                    "INSERT INTO users (email, password, quota_mb) VALUES (?, 'x', 1)", (f"{name}@a.example",)
                )

    def deploy(self):
        super().deploy()
        self.apply_well(
            {
                "service": "accounts",
                "files": {},
                "directories": {"/var/vmail": {"owner": "daemon:daemon", "mode": "0700"}},
                "state": STATE["accounts"],
            }
        )

    def restored(self, *words):
        result = self.run_it("restore", "mail", "--yes", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def test_all_mail_comes_back_after_its_folder_was_removed(self):
        self.back_up()
        shutil.rmtree(self.path("/var/vmail"))
        asked = self.run_it("restore", "mail")
        self.assertEqual(asked.returncode, 2)
        self.assertIn("restores bob@a.example, ceo@a.example as of", asked.stderr)
        self.assertEqual(self.restored(), ["bob@a.example", "ceo@a.example"])
        self.assertIn("one", self.read(f"{USER}/cur/1.a:2,S"))
        self.assertEqual(self.read(f"{HOME}/sieve/archive.sieve"), "keep;\n")
        # Numbers that were assigned since the backup are not assigned again.
        self.assertEqual(self.read(f"{USER}/dovecot-uidlist"), "3 V1700000000 N1000057 Gabc\n1 :1.a\n")
        found = self.path("/var/vmail").stat()
        self.assertEqual((found.st_uid, stat.S_IMODE(found.st_mode)), (pwd.getpwnam(OTHER).pw_uid, 0o700))
        self.assertEqual(sorted(path.name for path in self.path("/var/vmail").iterdir()), ["a.example"])
        calls = [line.split()[:2] for line in self.calls() if "dovecot" in line]
        self.assertEqual(calls[-2:], [["stop", "dovecot.service"], ["start", "dovecot.service"]])
        self.assertEqual(self.restored(), [])

    def test_a_mailbox_with_a_message_in_it_is_left_alone_and_an_empty_one_is_put_back(self):
        self.back_up()
        shutil.rmtree(self.path("/var/vmail/a.example"))
        for name in ("cur", "new", "tmp"):
            self.path(f"{BOB}/Maildir/{name}").mkdir(parents=True)
            self.path(f"{USER}/{name}").mkdir(parents=True)
        self.letter("new/7.since:2,", "since the accident")
        self.assertEqual(self.restored(), ["bob@a.example"])
        self.assertIn("nine", self.read(f"{BOB}/Maildir/cur/9.b:2,"))
        self.assertEqual([path.name for path in self.path(f"{USER}/new").iterdir()], ["7.since:2,"])
        self.assertFalse(self.path(f"{USER}/cur/1.a:2,S").exists())

    def test_a_mailbox_that_was_empty_in_the_backup_as_well_is_not_lost(self):
        shutil.rmtree(self.path(f"{BOB}/Maildir"))
        self.path(f"{BOB}/Maildir/cur").mkdir(parents=True)
        self.back_up()
        inode = self.path(f"{BOB}/Maildir").stat().st_ino
        self.assertEqual(self.restored(), [])
        self.assertEqual(self.path(f"{BOB}/Maildir").stat().st_ino, inode)

    def test_a_purged_user_stays_purged(self):
        self.back_up()
        shutil.rmtree(self.path("/var/vmail/a.example"))
        self.users("ceo")
        self.assertEqual(self.restored(), ["ceo@a.example"])
        self.assertFalse(self.path(BOB).exists())

    def test_a_link_in_place_of_a_mailbox_leads_nowhere(self):
        self.back_up()
        shutil.rmtree(self.path("/var/vmail/a.example"))
        self.path("/root-only").mkdir()
        self.path("/var/vmail/a.example").symlink_to(self.path("/root-only"))
        result = self.run_it("restore", "mail", "--yes")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(list(self.path("/root-only").iterdir()), [])

    def test_a_database_is_restored_whatever_is_left_of_it(self):
        self.back_up()
        database = self.path(DATABASE)
        number = database.stat().st_ino
        for content in (os.urandom(20_000), b"", database.read_bytes()[:5000] + os.urandom(9000)):
            database.write_bytes(content)
            result = self.run_it("restore", "state", "accounts", "--yes")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(self.row(database), "own password")
            self.assertEqual(database.stat().st_ino, number)
        database.unlink()
        self.assertEqual(self.run_it("restore", "state", "accounts", "--yes").returncode, 0)
        self.assertEqual(self.row(database), "own password")

    def test_root_fills_no_file_that_another_user_put_in_the_place_of_a_database(self):
        self.back_up()
        database = self.path(DATABASE)
        database.unlink()
        self.database("/etc/secret.db", "root's own")
        database.symlink_to(self.path("/etc/secret.db"))
        result = self.run_it("restore", "state", "accounts", "--yes")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(self.row(self.path("/etc/secret.db")), "root's own")
