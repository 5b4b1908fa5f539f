"""Backups when something is wrong with the repository: told in words, and good again by itself."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from unittest import mock

from mailstack.backup.restic import kind_of
from mailstack.checks.backup import newest
from mailstack.checks.bad import Bad, Warn
from tests.backup_case import USER, BackupTestCase
from tests.harness import FAKES


class Trouble(BackupTestCase):
    def refused(self, *words, **environment):
        """A run that must fail with these words; mail and state are untouched."""
        result = self.run_it("backup", "run", **environment)
        self.assertEqual(result.returncode, 1, result.stdout)
        for word in words:
            self.assertIn(word, result.stderr)
        last = json.loads(self.read("/var/lib/mailstack/backup/last.json"))
        self.assertIn(words[0], last["failed"]["message"])
        self.assertFalse(self.path("/var/lib/mailstack/backup/state").exists())

    def test_a_repository_that_is_away_is_told_and_not_made_anew(self):
        self.back_up()
        away = self.repository.with_name(self.repository.name + ".away")
        self.addCleanup(shutil.rmtree, away, ignore_errors=True)
        self.repository.rename(away)
        self.refused("unreachable or empty")
        self.repository.mkdir()
        self.refused("unreachable or empty")
        self.assertEqual(list(self.repository.iterdir()), [])
        self.repository.rmdir()
        away.rename(self.repository)
        self.back_up()
        self.assertNotIn("failed", json.loads(self.read("/var/lib/mailstack/backup/last.json")))

    def test_backups_that_were_turned_off_are_no_fault_of_the_host(self):
        self.back_up()
        for file in self.path("/etc/mailstack-backup").iterdir():
            file.unlink()
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            self.assertEqual(newest("mail.a.example"), "off")

    def test_one_that_never_answered_is_told(self):
        self.settings(repository="rest:http://127.0.0.1:9/x")
        self.refused("the repository can be neither read nor created", "connection refused")

    def test_what_ssh_says_is_told_although_restic_gives_up_before_it_reads_it(self):
        programs = Path(tempfile.mkdtemp(prefix="mailstack-programs-"))
        self.addCleanup(shutil.rmtree, programs)
        ssh = programs / "ssh"
        # Its words never reach restic.
        ssh.write_text(
            '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = -E ] && log=$2; shift; done\n'
            "echo 'Host key verification failed.' >>\"${log:-/dev/null}\"; exit 255\n"
        )
        ssh.chmod(0o755)
        for address in ("sftp://backup@192.0.2.1/srv/mail", "append-only://backup@192.0.2.1"):
            with self.subTest(address):
                self.settings(repository=address)
                search = f"{programs}:{FAKES}:{os.environ['PATH']}"
                self.refused("host key is not mailstack:backupHostKey", PATH=search)

    def test_a_wrong_password_is_told(self):
        self.back_up()
        self.settings(password="another")
        self.refused("the repository's password is not this stack's")

    def test_a_refusal_of_an_s3_server_is_told_from_an_address_where_nothing_is(self):
        for said in (
            "Fatal: unable to open config file: Stat: Access Denied.",
            "Fatal: create repository at s3:https://x/y failed: client.BucketExists: Access Denied.",
            "List(key) returned error, retrying after 552ms: The request signature we calculated does not match the "
            "signature you provided. Check your key and signing method.",
            "Fatal: The AWS Access Key Id you provided does not exist in our records.",
        ):
            self.assertEqual(kind_of(said), "refused", said)
        # restic 0.14, by SFTP and in a check
        for kind, said in (
            ("unwritten", 'Save(<data/98b276c7ad>) returned error, retrying after 552ms: Write: sftp: "Failure"'),
            ("damaged", "Pack ID does not match, want 3980152f, got d0283b07\nFatal: repository contains errors"),
        ):
            self.assertEqual(kind_of(said), kind)
        self.assertEqual(kind_of("Fatal: unable to open config file: Stat: The specified key does not exist."), "other")

    def test_another_repository_in_its_place_is_not_used(self):
        self.back_up()
        shutil.rmtree(self.repository)
        self.restic("init")
        self.refused("a different repository is now at the address")

    def test_backups_that_somebody_deleted_are_missed_and_not_begun_anew(self):
        first = self.back_up()
        self.restic("forget", first["mail"]["snapshot"])
        self.refused("the backups (mail) that this host made are no longer in the repository")
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            with self.assertRaises(Bad) as raised:
                newest("mail.a.example")
        self.assertIn("mail: none in the repository; the last run failed: the backups (mail)", str(raised.exception))
        self.path("/var/lib/mailstack/backup/last.json").unlink()
        self.back_up()

    def test_a_full_target_is_told_and_the_next_run_is_good(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", self.repository], check=True)
        self.addCleanup(subprocess.run, ["umount", self.repository], check=True)
        self.back_up()
        self.path(f"{USER}/cur/big:2,").write_bytes(os.urandom(8_000_000))
        self.refused("the repository's disk is full")
        with mock.patch.dict(os.environ, MAILSTACK_ROOT=str(self.root)):
            with self.assertRaises(Warn) as raised:
                newest("mail.a.example")
        self.assertIn(
            "the last run failed: the backup (mail) failed: the repository's disk is full", str(raised.exception)
        )
        self.path(f"{USER}/cur/big:2,").unlink()
        self.restic("prune")
        self.back_up()
        self.assertEqual(self.run_it("backup", "check", "--read", "100%").returncode, 0)

    def test_a_flipped_byte_is_found_by_the_check(self):
        self.back_up()
        pack = max((path for path in (self.repository / "data").rglob("*") if path.is_file()), key=os.path.getsize)
        content = bytearray(pack.read_bytes())
        content[10] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)
        result = self.run_it("backup", "check", "--read", "100%")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the repository is damaged", result.stderr)

    def test_what_others_keep_in_the_repository_is_named_and_left_alone(self):
        self.back_up()
        self.settings(identity="ba9876543210", hostname="other.example")
        result = self.run_it("backup", "list")
        self.assertIn("2 of others (mail.a.example)", result.stdout)
        refusal = self.run_it("restore", "list", "ceo@a.example")
        self.assertIn("no backup (mail) of this stack; 2 of others", refusal.stderr)
        # The other stack's host has made none yet.
        self.path("/var/lib/mailstack/backup/last.json").unlink()
        self.back_up()
        self.settings()
        listing = json.loads(self.run_it("backup", "list", "--json").stdout)
        self.assertEqual([each["host"] for each in listing], ["mail.a.example"] * 2)

    def test_one_from_the_future_is_never_the_newest_and_stops_the_retention(self):
        first = self.back_up()
        tags = "mailstack,stack=0123456789ab,mail,format=1"
        self.restic("backup", "--tag", tags, "--time", "2099-01-01 00:00:00", "--host", "h", str(self.path(USER)))
        last = self.path("/var/lib/mailstack/backup/last.json")
        last.write_text(json.dumps(json.loads(last.read_text()) | {"forgotten": 1}))
        result = self.run_it("backup", "run")
        self.assertIn("retention waits: 1 from the future (2099-01-01T00:00:00Z)", result.stderr)
        listed = json.loads(self.run_it("backup", "list", "--json").stdout)
        self.assertEqual(len(listed), 4)
        self.assertTrue(any(each["id"].startswith(first["mail"]["snapshot"]) for each in listed))

    def test_old_ones_go_by_their_part_and_those_of_others_stay(self):
        self.back_up()
        day = 86400
        for part, stack in (("mail", "0123456789ab"), ("state", "0123456789ab"), ("mail", "ba9876543210")):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 40 * day))
            tags = f"mailstack,stack={stack},{part},format=1"
            self.restic("backup", "--tag", tags, "--time", when, "--host", "h", str(self.path(USER)))
        last = self.path("/var/lib/mailstack/backup/last.json")
        last.write_text(json.dumps(json.loads(last.read_text()) | {"forgotten": 1, "pruned": 1}))
        self.back_up()
        left = json.loads(self.restic("snapshots", "--json"))
        old = sorted(",".join(each["tags"][1:3]) for each in left if each["hostname"] == "h")
        self.assertEqual(old, ["stack=0123456789ab,state", "stack=ba9876543210,mail"])
