"""`mailstack backup run` with the real restic."""

import json
import os
import shutil
import signal
import sqlite3
import threading
import time

from tests.backup_case import USER, WEBMAIL, BackupTestCase
from tests.harness import FAKES


class Run(BackupTestCase):
    def test_what_services_declare_is_in_the_repository_and_nothing_else(self):
        result = self.back_up()
        self.assertEqual(
            self.files_of(result["mail"]["snapshot"]),
            {f"{USER}/cur/1.a:2,S", f"{USER}/new/2.b", f"{USER}/.Archive/cur/3.c:2,"},
        )
        copies = "/var/lib/mailstack/backup/state"
        self.assertEqual(
            self.files_of(result["state"]["snapshot"]),
            {
                "/var/lib/mailstack/dkim/a.example.mail1.key",
                f"{copies}/contents.json",
                f"{copies}/var/lib/mailserver/mail.db",
                f"{copies}/var/lib/redis/dump.rdb",
                f"{copies}{WEBMAIL}/roundcube.db",
            },
        )
        self.assertFalse(self.path(copies).exists(), "copies stay on the host")

    def test_a_repository_that_is_not_there_is_made_with_a_key_that_takes_long_to_guess(self):
        shutil.rmtree(self.repository)
        self.back_up()
        (key,) = [json.loads(path.read_text()) for path in (self.repository / "keys").iterdir()]
        self.assertEqual(key["kdf"], "scrypt")
        self.assertGreaterEqual(key["N"] * key["r"], 2**17)

    def test_what_redis_holds_is_there_before_redis_has_written_it_to_disk(self):
        # With Debian's settings that is an hour after the first lesson.
        self.path("/var/lib/redis/dump.rdb").unlink()
        result = self.back_up()
        copy = "/var/lib/mailstack/backup/state/var/lib/redis/dump.rdb"
        self.assertIn(copy, self.files_of(result["state"]["snapshot"]))

    def test_the_second_run_adds_next_to_nothing(self):
        self.path(f"{USER}/cur/big:2,").write_bytes(os.urandom(3_000_000))
        first, second = self.back_up(), self.back_up()
        self.assertGreater(first["mail"]["added"], 3_000_000)
        self.assertLess(second["mail"]["added"], 30_000)

    def test_databases_are_whole_while_they_are_written(self):
        path = self.path("/var/lib/mailserver/mail.db")
        done = threading.Event()

        def write():
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            while not done.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 20)
                connection.execute("COMMIT")
            connection.close()

        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(done.set)
        result = self.back_up()
        done.set()
        writer.join()
        self.restic("restore", result["state"]["snapshot"], "--target", str(self.root / "back"))
        copy = f"{self.root}/back{self.root}/var/lib/mailstack/backup/state/var/lib/mailserver/mail.db"
        connection = sqlite3.connect(copy)
        self.addCleanup(connection.close)
        self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        self.assertEqual((connection.execute("SELECT count(*) FROM t").fetchone()[0] - 1) % 20, 0)

    def test_a_damaged_database_is_told_and_not_backed_up_as_if_it_were_whole(self):
        path = self.path("/var/lib/mailserver/mail.db")
        path.write_bytes(path.read_bytes()[:4096] + os.urandom(4096))
        result = self.run_it("backup", "run")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/var/lib/mailserver/mail.db cannot be copied", result.stderr)

    def test_root_follows_no_link_of_the_webmails_user(self):
        secret = self.path("/etc/secret.db")
        self.database("/etc/secret.db", "root's own")
        secret.chmod(0o600)
        database = self.path(f"{WEBMAIL}/roundcube.db")
        database.unlink()
        database.symlink_to(secret)
        result = self.run_it("backup", "run")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("roundcube.db cannot be copied", result.stderr)

    def test_a_message_that_is_opened_while_it_is_read_is_in_the_backup(self):
        # restic, slowed down: the message moves behind its back.
        tools = self.root / "tools"
        tools.mkdir()
        real = shutil.which("restic")
        maildir = self.path(USER)
        (tools / "restic").write_text(
            f'#!/bin/sh\ncase "$*" in *backup*,mail,*) if test -e {maildir}/new/2.b; then\n'
            f'{real} "$@"; code=$?\n'
            # Outside: where restic is, mail is read-only.
            f"nsenter -t {os.getpid()} -m mv {maildir}/new/2.b '{maildir}/cur/2.b:2,S'; exit $code\nfi;; esac\n"
            f'exec {real} "$@"\n'
        )
        (tools / "restic").chmod(0o755)
        result = self.run_it("backup", "run", "--json", PATH=f"{tools}:{FAKES}:{os.environ['PATH']}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("once more", result.stderr)
        made = json.loads(result.stdout)["mail"]
        self.assertEqual(made["moved"], 0)
        self.assertIn(f"{USER}/cur/2.b:2,S", self.files_of(made["snapshot"]))

    def test_a_run_that_is_killed_leaves_nothing_broken(self):
        self.back_up()
        for number in range(40):
            self.path(f"{USER}/cur/big{number}:2,").write_bytes(os.urandom(1_000_000))
        process = self.start("backup", "run")
        self.addCleanup(process.communicate)
        locks = self.repository / "locks"
        deadline = time.monotonic() + 60
        while (
            not any("tmp" not in lock.name for lock in locks.iterdir())
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # As the unit does: what it has started ends with it.
        for entry in os.listdir("/proc"):
            if entry.isdigit() and entry != str(os.getpid()):
                try:
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        ours = f"RESTIC_PASSWORD_FILE={self.root}/".encode() in file.read()
                except OSError:
                    continue
                if ours:
                    os.kill(int(entry), signal.SIGKILL)
                    # One that nobody has waited for yet counts as alive, and its lock as held.
                    while os.path.exists(f"/proc/{entry}") and time.monotonic() < deadline:
                        time.sleep(0.01)
        result = self.back_up()
        self.assertIn(f"{USER}/cur/big39:2,", self.files_of(result["mail"]["snapshot"]))
        checked = self.run_it("backup", "check", "--read", "100%")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(self.restic("list", "locks", "--no-lock"), "")

    def test_two_runs_at_a_time_are_one(self):
        import fcntl

        lock = self.path("/run/mailstack/backup.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            result = self.run_it("backup", "run")
        self.assertEqual(result.returncode, 1)
        self.assertIn("another backup or restore runs", result.stderr)
