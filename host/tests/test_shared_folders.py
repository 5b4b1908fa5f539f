"""Shared folders of a user who is purged."""

import os

from tests.accounts_case import AccountsTestCase, declared

OWNER = 4711
LIST = "/var/vmail/shared-folders"


class SharedFoldersTest(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well(declared("ceo", "info", "tech"))
        self.apply_well(declared("ceo", "tech"))
        self.rights = self.path("/var/vmail/a.example/ceo/Maildir/.Team/dovecot-acl")
        for path in (self.rights, self.path("/var/vmail/a.example/info/Maildir/.Own/dovecot-acl")):
            path.parent.mkdir(parents=True)
        self.rights.write_text("user=info@a.example lrs\nuser=tech@a.example lr\n-user=info@a.example w\n")
        os.chown(self.rights, OWNER, OWNER)
        self.rights.chmod(0o600)
        pairs = [("info", "ceo"), ("tech", "ceo"), ("ceo", "info"), ("ceo", "gone")]
        key = "shared/shared-boxes/user/{}@a.example/{}@a.example\n1\n"
        self.path(LIST).write_text("".join(key.format(*pair) for pair in pairs))

    def purge(self):
        return self.run_it("user", "purge", "info@a.example", "--yes")

    def test_nothing_is_shared_with_the_user_or_by_the_user(self):
        self.assertEqual(self.purge().returncode, 0)
        self.assertEqual(self.rights.read_text(), "user=tech@a.example lr\n")
        state = self.rights.stat()
        self.assertEqual((state.st_uid, state.st_gid, state.st_mode & 0o777), (OWNER, OWNER, 0o600))
        self.assertFalse(self.path(LIST).exists())
        self.assertIn("acl recalc -u ceo@a.example", self.calls("doveadm"))
        self.assertNotIn("acl recalc -u gone@a.example", self.calls("doveadm"))

    def test_a_user_who_shared_nothing_changes_nothing(self):
        self.rights.write_text("user=tech@a.example lr\n")
        self.path(LIST).write_text("shared/shared-boxes/user/tech@a.example/ceo@a.example\n1\n")
        self.assertEqual(self.purge().returncode, 0)
        self.assertTrue(self.path(LIST).exists())
        self.assertNotIn("acl recalc", "\n".join(self.calls("doveadm")))

    def test_a_link_is_left_alone(self):
        secret = self.path("/root/secret")
        secret.parent.mkdir()
        secret.write_text("user=info@a.example lrs\n")
        self.rights.unlink()
        self.rights.symlink_to(secret)
        self.assertEqual(self.purge().returncode, 0)
        self.assertEqual(secret.read_text(), "user=info@a.example lrs\n")
