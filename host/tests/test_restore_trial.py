"""`mailstack restore test` with the real restic: a sound backup passes, and each kind of damage is found."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from unittest import mock

from mailstack.accounts.database import prepare
from mailstack.backup import trial, trial_state
from mailstack.checks import backup as checks
from mailstack.checks.bad import Bad
from mailstack.errors import MailstackError
from mailstack.keys import dkim, dkim_keys
from mailstack.keys.world_dns import Zone
from tests.backup_case import STATE, USER, WEBMAIL, BackupTestCase

KEY = "/var/lib/mailstack/dkim/a.example.mail1.key"
DATABASE = "/var/lib/mailserver/mail.db"
COPIES = "/var/lib/mailstack/backup/state"
LIVE = "/etc/letsencrypt/live/mail.a.example"
ARCHIVE = "/etc/letsencrypt/archive/mail.a.example"
SCRATCH = "/var/lib/mailstack/restore"
DAY = 86400


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout


class Trial(BackupTestCase):
    """A host with everything that the test looks at: real keys, a certificate, the tables of accounts."""

    def fill(self):
        super().fill()
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            prepare(DATABASE)
        self.path(KEY).write_bytes(openssl("genrsa", "2048"))
        self.path(f"{dkim.WANTED}").parent.mkdir(parents=True)
        self.path(f"{dkim.WANTED}").write_text(
            json.dumps({"domains": [{"name": "a.example", "selector": "mail1", "key": KEY}]})
        )
        self.path(ARCHIVE).mkdir(parents=True)
        self.path(LIVE).mkdir(parents=True)
        self.certificate()
        for name in ("fullchain", "privkey"):
            self.path(f"{LIVE}/{name}.pem").symlink_to(f"../../archive/mail.a.example/{name}1.pem")
        folders = [
            {"kind": "files", "path": f"/etc/letsencrypt/{name}", "owner": "root:root"} for name in ("archive", "live")
        ]
        self.apply_well({"service": "certificate", "files": {}, "state": folders})
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            self.published = [dkim_keys.record(KEY)]

    def certificate(self):
        folder = self.path(ARCHIVE)
        made = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.a.example"]
        openssl("req", "-x509", *made, "-keyout", f"{folder}/privkey1.pem", "-out", f"{folder}/fullchain1.pem")

    def look(self):
        """The test itself; in this process, for the DNS."""
        path = f"{self.tools()}:{os.environ['PATH']}"
        with (
            mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root), PATH=path),
            mock.patch.object(trial_state, "zone_of", return_value=Zone(["192.0.2.1"])),
            mock.patch.object(trial_state, "ask", side_effect=lambda *_: self.published),
        ):
            return trial.test()

    def tools(self):
        from tests.harness import FAKES

        return FAKES

    def found(self, *words):
        """It must fail; one of its problems has these words. `mailstack status` says so, and nothing is left."""
        with self.assertRaises(MailstackError) as raised:
            self.look()
        problems = "\n".join([raised.exception.message, *raised.exception.details])
        for word in words:
            self.assertIn(word, problems)
        self.assertTrue(self.status().startswith("BAD failed today: "), self.status())
        self.assertEqual(list(self.path(SCRATCH).iterdir()), [])
        self.assertEqual(self.path("/var/lib/mailstack/backup/restore-test.json").stat().st_mode & 0o777, 0o600)
        return raised.exception.details

    def status(self):
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            try:
                return checks.restored("mail.a.example")
            except Bad as problem:
                return f"BAD {problem}"

    def flip(self, path, at):
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)

    def packs(self):
        return sorted(path for path in (self.repository / "data").rglob("*") if path.is_file())

    def forge(self, part, change):
        """A newer backup, as it would be if `change` had happened to it on its way."""
        listed = json.loads(self.restic("snapshots", "--json", "--tag", part))
        snapshot = max(listed, key=lambda each: each["time"])
        back = self.root / "forged"
        self.restic("restore", snapshot["id"], "--target", str(back))
        for path in snapshot["paths"]:
            place = Path(path)
            kept = place.with_name(place.name + ".kept")
            if place.exists():
                place.rename(kept)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(f"{back}{path}", path)
        change()
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 5))
        self.restic("backup", "--tag", ",".join(snapshot["tags"]), "--time", when, "--host", "h", *snapshot["paths"])
        for path in snapshot["paths"]:
            place = Path(path)
            shutil.rmtree(place)
            kept = place.with_name(place.name + ".kept")
            if kept.exists():
                kept.rename(place)

    def test_a_sound_backup_passes_and_leaves_nothing(self):
        self.back_up()
        before = self.on_disk()
        result = self.look()
        self.assertEqual((result["mailboxes"], result["of"], result["files"], result["compared"]), (1, 1, 3, 3))
        self.assertEqual((result["keys"], result["certificates"]), (1, 1))
        self.assertEqual(result["rows"][f"{WEBMAIL}/roundcube.db"], {"t": 1})
        self.assertEqual(self.status(), "good today: 3 files of 1 mailboxes, 3 messages compared")
        self.assertEqual(list(self.path(SCRATCH).iterdir()), [])
        mail = {path: seen for path, seen in before.items() if "/var/vmail" in path}
        self.assertEqual({path: seen for path, seen in self.on_disk().items() if path in mail}, mail)

    def test_the_command_says_what_was_compared(self):
        self.path(dkim.WANTED).unlink()
        self.back_up()
        result = self.run_it("restore", "test")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 databases, 0 DKIM keys, 1 certificates", result.stdout)
        self.assertIn("1 of 1 mailboxes, 3 files, 0.0 MB; 3 messages are the same on the host", result.stdout)

    def test_one_flipped_byte_in_any_pack_is_found_wherever_it_is(self):
        self.path(f"{USER}/cur/8.old:2,").write_bytes(os.urandom(100_000))
        self.back_up()
        self.path(f"{USER}/cur/8.old:2,").unlink()
        self.back_up()
        packs = self.packs()
        self.assertGreater(len(packs), 2)
        # Data, or the header at a pack's end, which no restore reads.
        for nr, pack in enumerate(packs):
            at = 10 if nr % 2 else len(pack.read_bytes()) - 20
            with self.subTest(pack=pack.name, at=at):
                self.flip(pack, at)
                self.found("the repository")
                self.flip(pack, at)
        self.look()
        self.assertTrue(self.status().startswith("good today"))

    def test_a_pack_or_an_index_that_is_gone_is_found(self):
        self.back_up()
        for folder in ("data", "index"):
            victim = next(path for path in (self.repository / folder).rglob("*") if path.is_file())
            kept = victim.read_bytes()
            victim.unlink()
            with self.subTest(folder):
                self.found("repository")
            victim.write_bytes(kept)

    def test_a_key_that_the_backup_lacks_is_found_also_when_the_host_has_lost_it(self):
        kept = self.path(KEY).read_bytes()
        self.path(KEY).unlink()
        self.back_up()
        self.found(f"{KEY} is not in the backup")
        self.path(KEY).write_bytes(kept)
        # Made after the backup: the next one has it.
        self.look()

    def test_a_key_that_is_not_the_published_one_is_found(self):
        self.path(KEY).write_bytes(openssl("genrsa", "2048"))
        self.back_up()
        self.found(f"{KEY} in the backup", "is not the key of mail1._domainkey.a.example")
        self.path(KEY).write_text("no key\n")
        self.back_up()
        self.found(f"{KEY} holds no private key")

    def test_a_damaged_database_is_found(self):
        self.back_up()

        def damage():
            path = self.path(f"{COPIES}{WEBMAIL}/roundcube.db")
            path.write_bytes(path.read_bytes()[:4096] + os.urandom(4096))

        self.forge("state", damage)
        self.found(f"{WEBMAIL}/roundcube.db is damaged in the backup")

    def test_a_database_that_lost_rows_or_a_table_is_found(self):
        self.back_up()

        def lose_rows():
            with sqlite3.connect(self.path(f"{COPIES}{WEBMAIL}/roundcube.db")) as connection:
                connection.execute("DELETE FROM t")
            connection.close()

        self.forge("state", lose_rows)
        self.found(f"{WEBMAIL}/roundcube.db has other rows than were backed up")
        time.sleep(6)
        with sqlite3.connect(self.path(DATABASE)) as connection:
            connection.execute("DROP TABLE aliases")
        connection.close()
        self.back_up()
        self.found(f"{DATABASE} is damaged: aliases is gone, in the backup")

    def test_what_redis_would_not_load_is_found(self):
        self.back_up()
        self.forge("state", lambda: self.path(f"{COPIES}/var/lib/redis/dump.rdb").write_text("nothing of Redis"))
        self.found("/var/lib/redis/dump.rdb is damaged in the backup")

    def test_a_certificate_of_another_key_is_found(self):
        key = self.path(f"{ARCHIVE}/privkey1.pem")
        key.write_bytes(openssl("genrsa", "2048"))
        self.back_up()
        self.found(f"{LIVE}: certificate and key do not fit")
        key.unlink()
        self.back_up()
        self.found(f"{LIVE}: certificate and key do not fit")

    def test_a_message_that_is_another_on_the_host_is_found_and_one_with_new_flags_is_the_same(self):
        self.back_up()
        self.path(f"{USER}/new/2.b").rename(self.path(f"{USER}/cur/2.b:2,S"))
        self.assertEqual(self.look()["compared"], 3)
        self.flip(self.path(f"{USER}/cur/1.a:2,S"), 30)
        self.found(f"{USER}/cur/1.a:2,S: not the same on the host and in the backup")

    def test_no_link_of_a_mailbox_is_followed(self):
        secret = self.root / "secret"
        secret.write_text("Message-ID: <one@a.example>\nSubject: one\n\none\n")
        self.path(f"{USER}/.Archive/cur/9.link:2,").symlink_to(secret)
        self.back_up()
        # On the host, a file and a folder become links to what only root may read.
        self.path(f"{USER}/cur/1.a:2,S").unlink()
        self.path(f"{USER}/cur/1.a:2,S").symlink_to(secret)
        self.path("/root-only/cur").mkdir(parents=True)
        self.path("/root-only/cur/3.c:2,").write_text("root's")
        shutil.rmtree(self.path(f"{USER}/.Archive"))
        self.path(f"{USER}/.Archive").symlink_to(self.path("/root-only"))
        self.assertEqual(self.look()["compared"], 1)

    def test_a_backup_that_does_not_fit_is_tested_in_part_and_says_so(self):
        big = self.path("/var/vmail/a.example/big/Maildir/cur")
        big.mkdir(parents=True)
        with (big / "1.big:2,").open("wb") as file:
            file.truncate(150_000_000)
        self.back_up()
        self.path(SCRATCH).mkdir(parents=True)
        # A gigabyte stays free for mail.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100m", "tmpfs", self.path(SCRATCH)], check=True)
        self.addCleanup(subprocess.run, ["umount", self.path(SCRATCH)], check=True)
        result = self.look()
        self.assertEqual((result["mailboxes"], result["of"], result["files"]), (1, 2, 3))
        self.assertIn("3 files of 1 mailboxes of 2, for want of room", self.status())

    def test_a_test_that_was_killed_leaves_nothing_for_long(self):
        self.path(dkim.WANTED).unlink()
        self.path(f"{USER}/cur/big:2,").write_bytes(os.urandom(30_000_000))
        self.back_up()
        process = self.start("restore", "test")
        self.addCleanup(process.communicate)
        self.until(lambda: process.poll() is not None or any(self.path(SCRATCH).glob("*/*")))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertNotEqual(list(self.path(SCRATCH).iterdir()), [])
        self.until(lambda: not self.running())
        result = self.run_it("restore", "test")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(list(self.path(SCRATCH).iterdir()), [])

    def running(self):
        """What the killed one has started; the unit would end it."""
        ours = f"RESTIC_PASSWORD_FILE={self.root}/".encode()
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                found = ours in Path(f"/proc/{entry}/environ").read_bytes()
            except OSError:
                continue
            if found:
                os.kill(int(entry), signal.SIGKILL)
                return True
        return False

    def test_an_unreachable_repository_is_told_and_the_next_test_is_good(self):
        self.back_up()
        away = self.repository.with_name(self.repository.name + ".away")
        self.addCleanup(shutil.rmtree, away, ignore_errors=True)
        self.repository.rename(away)
        self.found("the repository cannot be opened")
        away.rename(self.repository)
        self.look()
        self.assertTrue(self.status().startswith("good today"))

    def test_status_gives_a_new_host_a_month_and_a_good_test_five_weeks(self):
        self.back_up()
        self.assertEqual(self.status(), "the first one is due within a month")
        first = self.path("/var/lib/mailstack/backup/repository.json")
        os.utime(first, times=(time.time() - 36 * DAY,) * 2)
        self.assertEqual(self.status(), "BAD none in 36 days")
        self.look()
        self.assertTrue(self.status().startswith("good today"))
        tried = self.path("/var/lib/mailstack/backup/restore-test.json")
        for days, words in ((34, "good 34 days ago"), (36, "BAD the last good one was 36 days ago")):
            told = json.loads(tried.read_text())
            tried.write_text(json.dumps(told | {"good": time.time() - days * DAY}))
            self.assertTrue(self.status().startswith(words), self.status())

    def test_what_fails_is_told_without_any_secret(self):
        shutil.rmtree(self.repository)
        self.settings(password="the repository's secret word")
        self.back_up()
        self.flip(self.packs()[0], 10)
        result = self.run_it("restore", "test")
        self.assertEqual(result.returncode, 1)
        self.assertNotIn(
            "secret word", result.stderr + result.stdout + str(self.read("/var/lib/mailstack/backup/restore-test.json"))
        )


assert STATE["rspamd"][0]["path"] in KEY
