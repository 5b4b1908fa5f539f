"""`mailstack restore` with the real restic: beside what is there, by the owners' names, and nothing by halves."""

import json
import os
import pwd
import shutil
import stat

from tests.backup_case import OTHER, USER, WEBMAIL, BackupTestCase
from tests.harness import FAKES


class Restore(BackupTestCase):
    tools = FAKES

    def setUp(self):
        super().setUp()
        # In place of Dovecot: keeps what it was given, and sees it as the mail's owner.
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "doveadm").write_text(
            '#!/bin/sh\necho "$*" >> "$MAILSTACK_FAKES/doveadm.log"\n'
            'case "$1 $2" in "mailbox list") cat "$MAILSTACK_FAKES/mailboxes" 2>/dev/null; exit 0;; '
            # Dovecot 2.3 fails for a folder that is named, if it only has others in it.
            '"search "*) case "$5" in *[*]) ;; *) exit 68;; esac; '
            'grep -sxF "$8" "$MAILSTACK_FAKES/searched"; exit 0;; esac\n'
            "setpriv --reuid=daemon --regid=daemon --clear-groups "
            'cp -r "${4#maildir:}" "$MAILSTACK_FAKES/given" && echo "$5" >> "$MAILSTACK_FAKES/mailboxes"\n'
        )
        (tools / "doveadm").chmod(0o755)
        self.state.chmod(0o777)
        self.tools = tools

    def start(self, *argv, **more):
        return super().start(*argv, **({"PATH": f"{self.tools}:{FAKES}:{os.environ['PATH']}"} | more))

    def given(self):
        """Messages that Dovecot was given."""
        top = self.state / "given"
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}

    def test_a_list_of_folders(self):
        self.back_up()
        found = json.loads(self.run_it("restore", "list", "ceo@a.example", "--json").stdout)
        self.assertEqual(found["folders"], {"Archive": 1, "INBOX": 2})
        result = self.run_it("restore", "list", "nobody@a.example")
        self.assertIn("has no mail of nobody@a.example", result.stderr)
        self.assertEqual(self.run_it("restore", "list", "../../etc@a.example/x").returncode, 2)

    def test_a_whole_mailbox_as_of_a_time(self):
        result = self.back_up()
        shutil.rmtree(self.path(USER))
        self.path(USER).mkdir()
        self.back_up()
        self.assertIn("has no mail", self.run_it("restore", "user", "ceo@a.example").stderr)
        at = json.loads(self.run_it("backup", "list", "--json").stdout)[0]["time"]
        restored = self.run_it("restore", "user", "ceo@a.example", "--at", at)
        self.assertEqual(restored.returncode, 0, restored.stderr)
        self.assertEqual(restored.stdout.strip(), f"Restored-{at.replace(':', '')}")
        self.assertEqual(self.given(), {"cur/1.a:2,S", "new/2.b", ".Archive/cur/3.c:2,"})
        self.assertTrue(result)
        self.assertEqual(list(self.path("/var/lib/mailstack/restore").iterdir()), [])

    def test_one_folder_and_not_twice(self):
        self.back_up()
        self.assertEqual(self.run_it("restore", "user", "ceo@a.example", "--folder", "Archive").returncode, 0)
        self.assertEqual(self.given(), {".Archive/cur/3.c:2,"})
        self.assertTrue(self.calls("doveadm")[-1].endswith(" mailbox Archive"))
        again = self.run_it("restore", "user", "ceo@a.example", "--folder", "Archive")
        self.assertEqual(again.returncode, 1)
        self.assertIn("already", again.stderr)

    def test_messages_by_their_ids_and_none_twice(self):
        self.back_up()

        def restore(name):
            return self.run_it("restore", "message", "ceo@a.example", "--message-id", f"{name}@a.example")

        self.assertEqual(restore("<two").returncode, 0)
        self.assertEqual(self.given(), {"new/2.b"})
        self.assertIn("has no message <none@a.example>", restore("none").stderr)
        # The folder is there by now, with that one in it.
        shutil.rmtree(self.state / "given")
        self.assertEqual(restore("one").returncode, 0)
        self.assertEqual(self.given(), {"cur/1.a:2,S"})
        (self.state / "searched").write_text("<two@a.example>")
        again = restore("two")
        self.assertEqual(again.returncode, 1)
        self.assertIn("has this message in Restored-", again.stderr)

    def test_a_link_in_a_mailbox_of_the_backup_is_no_message(self):
        secret = self.root / "secret"
        secret.write_text("Message-ID: <secret@a.example>\n\nroot's\n")
        self.path(f"{USER}/new/9.link").symlink_to(secret)
        self.back_up()
        result = self.run_it("restore", "message", "ceo@a.example", "--message-id", "secret@a.example")
        self.assertEqual(result.returncode, 1)
        self.assertIn("has no message <secret@a.example>", result.stderr)

    def test_keys_come_back_to_the_owners_name_and_the_present_ones_stay_beside(self):
        self.back_up()
        key = "/var/lib/mailstack/dkim/a.example.mail1.key"
        self.path(key).write_text("a new key")
        self.assertEqual(self.run_it("restore", "state", "rspamd").returncode, 2)
        result = self.run_it("restore", "state", "rspamd", "--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read(key), "the key")
        found = self.path(key).stat()
        self.assertEqual((found.st_gid, stat.S_IMODE(found.st_mode)), (pwd.getpwnam(OTHER).pw_gid, 0o640))
        beside = [path for path in self.path("/var/lib/mailstack").iterdir() if "before-restore" in path.name]
        self.assertEqual([(path / "a.example.mail1.key").read_text() for path in beside], ["a new key"])

    def test_a_database_is_filled_and_stays_the_same_file(self):
        self.back_up()
        for name in ("/var/lib/mailserver/mail.db", f"{WEBMAIL}/roundcube.db"):
            self.database(name, "changed")
        before = [
            self.path(f"{WEBMAIL}/roundcube.db").stat().st_ino,
            self.path("/var/lib/mailserver/mail.db").stat().st_ino,
        ]
        for service in ("accounts", "roundcube"):
            result = self.run_it("restore", "state", service, "--yes")
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.row(self.path("/var/lib/mailserver/mail.db")), "own password")
        self.assertEqual(self.row(self.path(f"{WEBMAIL}/roundcube.db")), "a contact")
        after = [
            self.path(f"{WEBMAIL}/roundcube.db").stat().st_ino,
            self.path("/var/lib/mailserver/mail.db").stat().st_ino,
        ]
        self.assertEqual(after, before)

    def test_redis_gets_its_file_while_it_is_stopped(self):
        self.back_up()
        result = self.run_it("restore", "state", "redis", "--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("/var/lib/redis/dump.rdb"), "REDIS0010 what Redis holds")
        self.assertEqual(stat.S_IMODE(self.path("/var/lib/redis/dump.rdb").stat().st_mode), 0o660)
