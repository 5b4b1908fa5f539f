"""A host hands over: with nothing left behind, and either whole or not at all."""

import json
import os
import pwd
import shutil
import subprocess

from tests.backup_case import OTHER, STATE, USER, WEBMAIL, BackupTestCase

SPOOL = "/var/spool/postfix"
MARK = "/var/lib/mailstack/handed-over.json"
DROP_IN = "/etc/systemd/system/{}.d/handed-over.conf"


class HandOver(BackupTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well({"service": "postfix", "files": {}, "units": {"postfix.service": {"onChange": "reload"}}})
        self.apply_well({"service": "nginx", "files": {}, "units": {"nginx.service": {"onChange": "reload"}}})
        self.spool()
        self.queue("deferred/A/A1", "waits")
        self.queue("defer/A/A1", "why it waits")
        self.forget_calls()

    def spool(self):
        for name in ("incoming", "active", "deferred", "hold", "maildrop", "defer", "bounce", "trace"):
            self.path(f"{SPOOL}/{name}").mkdir(parents=True)
        self.own(SPOOL)

    def queue(self, name, text):
        path = self.path(f"{SPOOL}/{name}")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o700)

    def hand_over(self):
        result = self.run_it("backup", "hand-over", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def refused(self, *argv):
        result = self.run_it(*argv)
        self.assertEqual(result.returncode, 1, result.stdout)
        return result.stderr

    def test_the_last_backup_has_the_queue_and_nothing_runs_any_more(self):
        mark = self.hand_over()
        self.assertEqual(mark["messages"], 1)
        files = self.files_of(mark["done"]["state"]["snapshot"])
        self.assertLessEqual({f"{SPOOL}/deferred/A/A1", f"{SPOOL}/defer/A/A1"}, files)
        self.assertIn("stop postfix.service", self.calls())
        self.assertIn(f"ConditionPathExists=!{MARK}", self.read(DROP_IN.format("postfix.service")))
        self.assertNotIn("stop nginx.service", self.calls())
        self.assertEqual(self.calls("nft"), ["-f -", "delete table inet mailstack_hand_over"])
        self.assertEqual(self.run_it("backup", "handed-over").returncode, 0)
        # Once more: the same backup.
        self.assertEqual(self.hand_over(), mark)

    def test_an_ordinary_backup_has_no_queue(self):
        files = self.files_of(self.back_up()["state"]["snapshot"])
        self.assertEqual([path for path in files if path.startswith(SPOOL)], [])

    def test_connections_and_deliveries_under_way_end_before_postfix_does(self):
        (self.state / "sessions").write_text("one\ntwo\n")
        self.hand_over()
        self.assertEqual((self.state / "sessions").read_text(), "")

    def test_nothing_changes_any_more_until_it_is_taken_back(self):
        self.hand_over()
        for argv in (["backup", "run"], ["restore", "user", "ceo@a.example"], ["remove", "nginx"]):
            self.assertIn("has handed its work over", self.refused(*argv), argv)
        self.assertIn("has handed its work over", self.apply({"service": "nginx", "files": {}}).stderr)
        self.forget_calls()
        self.assertEqual(self.run_it("backup", "resume").returncode, 0)
        self.assertIn("start postfix.service", self.calls())
        self.assertIsNone(self.read(DROP_IN.format("postfix.service")))
        self.back_up()
        self.assertIn("nothing was handed over", self.run_it("backup", "resume").stdout)

    def test_a_host_at_work_is_not_to_be_replaced(self):
        self.assertIn("mailstack backup hand-over", self.refused("backup", "handed-over"))

    def test_a_backup_that_fails_opens_the_doors_again(self):
        password = self.path("/etc/mailstack-backup/password")
        # The first one is good, the last one is not.
        change = (
            f"while ! [ -e {self.path(DROP_IN.format('postfix.service'))} ]; do sleep 0.05; done; echo no >{password}"
        )
        changer = subprocess.Popen(["sh", "-c", change])
        (self.state / "sessions").write_text("a\n" * 30)
        result = self.run_it("backup", "hand-over")
        changer.wait()
        self.assertEqual(result.returncode, 1)
        self.assertIn("nothing was handed over", result.stderr)
        self.assertIn("start postfix.service", self.calls())
        self.assertIsNone(self.read(MARK))
        self.assertIsNone(self.read(DROP_IN.format("postfix.service")))

    def test_the_next_host_gets_each_message_once_and_sends_it_on(self):
        self.hand_over()
        for path in ("/var/vmail", "/var/lib/mailstack", "/var/lib/mailserver", "/var/lib/redis", WEBMAIL, SPOOL):
            shutil.rmtree(self.path(path))
        (self.path("/etc/mailstack-backup") / "state.json").write_text(json.dumps(STATE))
        self.path("/var/vmail").mkdir()
        for part in ("state", "mail"):
            result = self.run_it("restore", "host", part)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("one", self.read(f"{USER}/cur/1.a:2,S"))
        self.apply_well({"service": "postfix", "files": {}, "units": {"postfix.service": {"onChange": "reload"}}})
        self.spool()
        self.forget_calls()
        for _ in range(2):
            result = self.run_it("restore", "host", "queue")
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read(f"{SPOOL}/deferred/A1"), "waits")
        self.assertEqual(self.read(f"{SPOOL}/defer/A1"), "why it waits")
        found = os.stat(self.path(f"{SPOOL}/deferred/A1"))
        self.assertEqual((found.st_uid, found.st_mode & 0o777), (pwd.getpwnam(OTHER).pw_uid, 0o700))
        self.assertEqual(self.calls("postsuper"), ["-s"])
        calls = [each for each in self.calls() if "reset" not in each]
        self.assertEqual(calls, ["stop postfix.service", "start postfix.service"])
        # A host that was not handed over to has none.
        self.assertEqual(self.run_it("backup", "run").returncode, 0)
