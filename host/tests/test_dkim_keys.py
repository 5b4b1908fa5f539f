"""DKIM keys: out of the tree of the daemon that reads them, the same bytes as before, and seen when they are not."""

import os
import subprocess
from unittest import mock

from mailstack.errors import MailstackError
from mailstack.keys import dkim_keys
from tests.harness import HostTestCase

NAME = "a.example.mail1"
KEY, BEFORE = f"/var/lib/mailstack/dkim/{NAME}.key", f"/var/lib/rspamd/dkim/{NAME}.key"


class DkimKeys(HostTestCase):
    def setUp(self):
        super().setUp()
        # Not every machine that runs the tests has Rspamd's group.
        for patch in (
            mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}),
            mock.patch.object(dkim_keys, "_OWNER", "root:daemon"),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.before = self.path(BEFORE)
        self.before.parent.mkdir(parents=True)
        os.chown(self.before.parent.parent, 1, 1)

    def openssl(self, *argv):
        return subprocess.run(["openssl", *argv], check=True, capture_output=True).stdout

    def old_key(self):
        self.before.write_bytes(self.openssl("genrsa", "2048"))
        return self.before.read_bytes()

    def make_refused(self, words):
        with self.assertRaisesRegex(MailstackError, words):
            dkim_keys.make([KEY])
        self.assertFalse(self.path(KEY).exists())

    def test_a_new_key_and_its_record(self):
        dkim_keys.make([KEY])
        found = self.path(KEY).stat()
        self.assertEqual((found.st_uid, found.st_gid, found.st_mode & 0o7777), (0, 1, 0o640))
        folder = self.path(KEY).parent.stat()
        self.assertEqual((folder.st_uid, folder.st_gid, folder.st_mode & 0o7777), (0, 1, 0o750))
        der = self.openssl("rsa", "-in", str(self.path(KEY)), "-pubout", "-outform", "DER")
        encoded = subprocess.run(["openssl", "base64", "-A"], input=der, check=True, capture_output=True).stdout
        self.assertEqual(dkim_keys.record(KEY), f"v=DKIM1; k=rsa; p={encoded.decode()}")
        kept = self.path(KEY).read_bytes()
        dkim_keys.make([KEY])
        self.assertEqual(self.path(KEY).read_bytes(), kept)
        self.assertIsNone(dkim_keys.problem(KEY))

    def test_the_key_of_an_older_version_is_taken_over_and_its_copy_goes_with_the_next_deployment(self):
        old = self.old_key()
        dkim_keys.make([KEY])
        self.assertEqual((self.path(KEY).read_bytes(), self.before.read_bytes()), (old, old))
        dkim_keys.make([KEY])
        self.assertEqual((self.path(KEY).read_bytes(), self.before.exists()), (old, False))

    def test_what_a_taken_over_daemon_puts_there_is_refused(self):
        shadow = self.path("/etc/shadow")
        shadow.parent.mkdir()
        shadow.write_text("root's\n")
        shadow.chmod(0o600)
        self.before.symlink_to(shadow)
        self.make_refused(f"{BEFORE} is a link")
        self.before.unlink()
        os.mkfifo(self.before)
        self.make_refused(f"{BEFORE} is not a file")
        self.before.unlink()
        self.before.hardlink_to(shadow)
        self.make_refused("another name")
        self.before.unlink()
        self.old_key()
        os.chown(self.before, 1, 1)
        self.make_refused("was not made by root")
        self.before.write_text("no key\n")
        os.chown(self.before, 0, 0)
        self.make_refused("holds no private key")
        self.before.unlink()
        self.before.parent.rmdir()
        self.before.parent.symlink_to(shadow.parent)
        self.make_refused("/var/lib/rspamd/dkim is a link")
        self.assertEqual(shadow.stat().st_mode & 0o7777, 0o600)

    def test_a_missing_or_another_key_is_told(self):
        dkim_keys.make([KEY])
        good = self.path(KEY).read_bytes()
        other = self.openssl("genrsa", "2048")
        for content, words in ((other, "not the key that was published"), (good[:700], "no private key")):
            self.path(KEY).write_bytes(content)
            self.assertIn(words, dkim_keys.problem(KEY))
        self.path(KEY).write_bytes(good)
        self.path(KEY).chmod(0o644)
        self.assertIn("0644, not root:daemon 0640", dkim_keys.problem(KEY))
        self.path(KEY).chmod(0o640)
        self.assertIsNone(dkim_keys.problem(KEY))
        self.path(KEY).unlink()
        self.assertIn(f"{KEY} is missing", dkim_keys.problem(KEY))
        with self.assertRaisesRegex(MailstackError, "restore it, or set another mailstack:dkimSelector"):
            dkim_keys.make([KEY])
        self.path(KEY).write_bytes(good)
        self.path(KEY).with_suffix(".record").unlink()
        self.assertIn("record is missing", dkim_keys.problem(KEY))
