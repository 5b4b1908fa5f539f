"""A new host starts with what the lost one kept: whole, once, and never over what is there."""

import json
import os
import shutil

from tests.backup_case import STATE, USER, WEBMAIL, BackupTestCase
from tests.harness import FAKES

KEY = "/var/lib/mailstack/dkim/a.example.mail1.key"
MARK = "/var/lib/mailstack/restored.json"


class LostHost(BackupTestCase):
    """`self.lose()` leaves the repository, and the settings that a deployment brings."""

    def lose(self):
        for path in ("/var/vmail", "/var/lib/mailstack", "/var/lib/mailserver", "/var/lib/redis", WEBMAIL):
            shutil.rmtree(self.path(path))
        (self.path("/etc/mailstack-backup") / "state.json").write_text(json.dumps(STATE))
        self.path("/var/vmail").mkdir()

    def mark(self):
        return json.loads(self.read(MARK))

    def restored(self, part):
        result = self.run_it("restore", "host", part)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def test_state_and_mail_come_back(self):
        self.path(f"{USER}/dovecot-uidlist").write_text("3 V1700000000 N57 Gabc\n1 :1.a\n")
        self.back_up()
        self.lose()
        self.restored("state")
        self.assertEqual(self.read(KEY), "the key")
        self.assertEqual(self.row(self.path("/var/lib/mailserver/mail.db")), "own password")
        self.assertEqual(self.row(self.path(f"{WEBMAIL}/roundcube.db")), "a contact")
        self.assertEqual(self.read("/var/lib/redis/dump.rdb"), "REDIS0010 what Redis holds")
        self.assertFalse(self.path(USER).exists())
        self.restored("mail")
        self.assertIn("one", self.read(f"{USER}/cur/1.a:2,S"))
        self.assertEqual(self.read(f"{USER}/dovecot-uidlist"), "3 V1700000000 N1000057 Gabc\n1 :1.a\n")
        self.assertEqual(sorted(each.name for each in self.path("/var/vmail").iterdir()), ["a.example"])
        self.assertEqual(self.mark()["done"], ["state", "mail"])
        # From now on an empty place there is a loss.
        self.assertTrue(self.path("/var/lib/mailstack/backup/repository.json").exists())

    def test_a_link_instead_of_the_list_of_numbers_stops_nothing_and_is_not_followed(self):
        (self.root / "secret").write_text("3 V1700000000 N57 Gabc\n")
        self.path(f"{USER}/dovecot-uidlist").symlink_to(self.root / "secret")
        self.back_up()
        self.lose()
        self.restored("state")
        self.restored("mail")
        self.assertFalse(os.path.lexists(self.path(f"{USER}/dovecot-uidlist")))
        self.assertIn("one", self.read(f"{USER}/cur/1.a:2,S"))

    def test_a_host_that_is_there_is_left_alone(self):
        self.back_up()
        (self.path("/etc/mailstack-backup") / "state.json").write_text(json.dumps(STATE))
        self.path(KEY).write_text("the present key")
        self.restored("state")
        self.restored("mail")
        self.assertEqual(self.read(KEY), "the present key")
        self.assertEqual(self.mark()["why"], "the host was there before")

    def test_state_of_nobody_knows_whom_is_refused(self):
        self.back_up()
        self.lose()
        self.path(KEY).parent.mkdir(parents=True)
        self.path(KEY).write_text("whose?")
        result = self.run_it("restore", "host", "state")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/var/lib/mailstack/dkim but was never deployed", result.stderr)
        self.assertFalse(self.path(MARK).exists())

    def test_mail_on_a_volume_stays(self):
        self.back_up()
        self.lose()
        self.letter("cur/9.newer:2,", "newer than the backup")
        self.restored("state")
        self.assertIn("it stays", self.restored("mail"))
        self.assertEqual([path.name for path in self.path(f"{USER}/cur").iterdir()], ["9.newer:2,"])

    def test_an_empty_repository_is_a_beginning(self):
        self.lose()
        self.assertIn("starts empty", self.restored("state"))
        self.restored("mail")
        self.assertEqual(self.mark()["why"], "no backup")

    def test_an_empty_repository_is_a_loss_when_another_host_had_backups_there(self):
        self.back_up()
        self.lose()
        begins = self.path("/etc/mailstack-backup") / "begins"
        begins.write_text("no\n")
        kept = self.repository.with_name(self.repository.name + ".kept")
        self.addCleanup(shutil.rmtree, kept, ignore_errors=True)
        self.repository.rename(kept)
        self.repository.mkdir()

        def refused(words):
            result = self.run_it("restore", "host", "state")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(words, result.stderr)
            self.assertIn("set mailstack:restoreFrom to nothing to start with an empty host", result.stderr)
            self.assertFalse(self.path(MARK).exists())

        refused("the repository is unreachable or empty, and another host of this stack had backups there")
        # One that somebody has made anew, or in which only others' backups are left.
        self.restic("init")
        refused("the repository has no backup of this stack, and another host")
        self.settings(restoreFrom="nothing")
        self.restored("state")
        self.assertEqual(self.mark()["why"], "mailstack:restoreFrom")

    def test_a_repository_that_cannot_be_read_is_no_beginning(self):
        self.back_up()
        self.lose()
        self.settings(password="another password")
        self.assertIn("password is not this stack's", self.run_it("restore", "host", "state").stderr)
        self.settings(repository="/proc/nowhere/repository")
        self.assertIn("neither read nor created", self.run_it("restore", "host", "state").stderr)
        self.assertFalse(self.path(MARK).exists())

    def test_a_restore_that_was_cut_goes_on_with_the_same_backup(self):
        self.back_up()
        self.lose()
        self.restored("state")
        chosen = self.mark()
        # As a kill between two renames leaves it: one domain is in its place, the mark says that they are moving.
        self.letter("cur/1.a:2,S", "one")
        self.path(MARK).write_text(json.dumps(chosen | {"done": [], "moving": True}))
        shutil.rmtree(self.path("/var/lib/mailserver"))
        self.path("/var/vmail/.mailstack-restore").mkdir()
        self.restored("state")
        self.restored("mail")
        self.assertEqual(self.row(self.path("/var/lib/mailserver/mail.db")), "own password")
        self.assertEqual(self.mark()["mail"], chosen["mail"])
        self.assertEqual(sorted(each.name for each in self.path("/var/vmail").iterdir()), ["a.example"])

    def test_a_damaged_pack_restores_nothing(self):
        self.back_up()
        self.lose()
        for pack in (self.repository / "data").rglob("*"):
            if pack.is_file():
                pack.chmod(0o600)
                content = bytearray(pack.read_bytes())
                content[len(content) // 3] ^= 1
                pack.write_bytes(content)
        result = self.run_it("restore", "host", "state")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertFalse(self.path(KEY).exists())


class Links(BackupTestCase):
    """Root reads mail, whose owner may put anything in place of anything."""

    def test_a_folder_that_becomes_a_link_while_it_is_read_leads_nowhere(self):
        self.path("/root-only/cur").mkdir(parents=True)
        self.path("/root-only/cur/secret").write_text("of root")
        tools = self.root / "tools"
        tools.mkdir()
        folder = self.path(f"{USER}/.Archive")
        # restic, which has seen a folder there before it became a link.
        (tools / "restic").write_text(
            f"""#!/bin/sh
case "$*" in *,mail,*)
  cat "{folder}/cur/secret" >"{self.root}/seen" 2>"{self.root}/said"; touch "{folder}.x" 2>>"{self.root}/said" ;; esac
exec {shutil.which("restic")} "$@"
"""
        )
        (tools / "restic").chmod(0o755)
        os.rename(folder, f"{folder}.before")
        folder.symlink_to(self.path("/root-only"))
        result = self.run_it("backup", "run", "--json", PATH=f"{tools}:{FAKES}:{os.environ['PATH']}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("/seen"), "")
        self.assertIn("Too many levels of symbolic links", self.read("/said"))
        self.assertIn("Read-only file system", self.read("/said"))
