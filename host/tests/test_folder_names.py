"""Folders by name, once a dot separates them no more."""

import os
import unittest

from mailstack.daemons.sieve_folders import with_slashes
from tests.harness import HostTestCase

OWNER = 4711


class SieveFoldersTest(unittest.TestCase):
    def check(self, before, after):
        self.assertEqual(with_slashes(before), after)

    def test_the_folder_of_fileinto(self):
        self.check('fileinto "Archive.2024";', 'fileinto "Archive/2024";')
        self.check(
            'FileInto :copy :flags ["\\\\Seen", "a.b"] "A.b.c";', 'FileInto :copy :flags ["\\\\Seen", "a.b"] "A/b/c";'
        )

    def test_text_that_names_no_folder_stays(self):
        for script in (
            '# fileinto "a.b";\n/* fileinto "a.b"; */ keep;',
            'if header :is "subject" "a.b" { redirect "a@b.example"; stop; }',
            'vacation "say fileinto \\"a.b\\"; now";',
            'vacation text:\nfileinto "a.b";\n..\n.\n;',
            'set "y" "a.b"; fileinto "${x}";',
            'fileinto "not ended.x',
            "",
        ):
            self.check(script, script)

    def test_after_a_text_of_several_lines(self):
        self.check(
            'vacation text: # why\r\na.b\r\n.\r\n;fileinto "a.b";',
            'vacation text: # why\r\na.b\r\n.\r\n;fileinto "a/b";',
        )

    def test_variables(self):
        self.check('fileinto :create "L.${1}.${env.x}";', 'fileinto :create "L/${1}/${env.x}";')
        self.check('set :lower "To" "A.b"; fileinto "${to}";', 'set :lower "To" "A/b"; fileinto "${to}";')

    def test_tests_and_copies_of_answers(self):
        self.check('if mailboxexists ["a.b", "c.d"] { keep; }', 'if mailboxexists ["a/b", "c/d"] { keep; }')
        self.check(
            'if allof (mailboxexists "a.b", header "x" "y.z") { keep; }',
            'if allof (mailboxexists "a/b", header "x" "y.z") { keep; }',
        )
        self.check('vacation :fcc "Sent.away" "back in 1.5 weeks";', 'vacation :fcc "Sent/away" "back in 1.5 weeks";')


class FolderNamesTest(HostTestCase):
    def setUp(self):
        super().setUp()
        self.path("/var/lib/mailstack").mkdir(parents=True)
        self.home = self.path("/var/vmail/a.example/ceo")
        self.script = self.home / "sieve/rules.sieve"
        self.script.parent.mkdir(parents=True)
        self.script.write_bytes(b'fileinto "Archive.2024"; # \xff\r\n')
        self.script.chmod(0o640)
        (self.home / ".dovecot.sieve").symlink_to("sieve/rules.sieve")
        (self.home / "Maildir/.Archive.~old").mkdir(parents=True)
        for parent, folders, files in os.walk(self.path("/var/vmail")):
            for name in (".", *folders, *files):
                os.chown(os.path.join(parent, name), OWNER, OWNER, follow_symlinks=False)

    def run_well(self):
        result = self.run_it("folder-names")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_scripts_and_folders_of_before(self):
        self.run_well()
        self.assertEqual(self.script.read_bytes(), b'fileinto "Archive/2024"; # \xff\r\n')
        state = self.script.stat()
        self.assertEqual((state.st_uid, state.st_gid, state.st_mode & 0o777), (OWNER, OWNER, 0o640))
        self.assertTrue((self.home / ".dovecot.sieve").is_symlink())
        self.assertEqual([path.name for path in (self.home / "Maildir").iterdir()], [".Archive.\x7f7eold"])

    def test_only_once(self):
        self.run_well()
        later = 'fileinto "Dr. Jones";'
        self.script.write_text(later)
        self.run_well()
        self.assertEqual(self.script.read_text(), later)

    def test_a_host_without_mail(self):
        self.path("/var/vmail").rename(self.path("/var/other"))
        self.run_well()

    def test_a_link_is_no_way_out_of_the_mail(self):
        secret = self.path("/root/secret.sieve")
        secret.parent.mkdir()
        secret.write_text('fileinto "a.b";')
        secret.chmod(0o600)
        (self.home / "sieve/other.sieve").symlink_to(secret)
        self.run_well()
        self.assertEqual(secret.read_text(), 'fileinto "a.b";')
        self.assertIn(b"/", self.script.read_bytes())
