"""Limits of what fills up slowly, on files and programs of a host that each test makes up."""

import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from unittest import mock

from mailstack import programs
from mailstack.alerts import busy_sender, measures
from mailstack.alerts.conditions import CRITICAL, OK, WARNING, Condition
from tests.harness import HostTestCase


class Measures(HostTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))

    def level(self, name, told=OK):
        """What it is, when this is what people know."""
        measure = next(each for each in measures.MEASURES if each.name == name)
        self.seen = measures.look(measure, Condition(told=told))
        return self.seen.level if self.seen else None

    def levels(self, name, told=OK):
        return self.level(name, told), self.seen.detail if self.seen else ""

    def says(self, out, code=0):
        return mock.patch.object(measures, "run", lambda *_: programs.Result(code, out, ""))

    def queue(self, *hours):
        lines = [
            json.dumps({"queue_name": "deferred", "arrival_time": int(time.time() - 3600 * each)}) for each in hours
        ]
        return self.says("\n".join(lines))

    def test_more_than_a_hundred_messages_are_a_warning_more_than_a_thousand_critical(self):
        story = ((100, OK, OK), (101, OK, WARNING), (80, WARNING, WARNING), (79, WARNING, OK), (1001, OK, CRITICAL))
        for number, told, level in (*story, (800, CRITICAL, CRITICAL), (799, CRITICAL, WARNING)):
            with self.queue(*[0] * number):
                self.assertEqual(self.level("queue length", told), level, number)

    def busy(self, user, number, limit=300):
        settings = self.root / "etc/rspamd/mailstack.d/recipients-settings"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"-- text\nreturn {{\n  per_hour = {limit},\n  per_hour_by_script = 240,\n}}\n")
        answer = programs.Result(0, f"RL_user_{user}\n{number}\n" if user else f"\n{number}\n", "")
        return mock.patch.object(busy_sender, "run", lambda *_: answer)

    def test_an_account_that_uses_up_half_of_its_recipients_is_told_with_what_to_do(self):
        story = ((149, OK, OK), (150, OK, WARNING), (120, WARNING, WARNING), (119, WARNING, OK), (270, OK, CRITICAL))
        for number, told, level in (*story, (240, CRITICAL, CRITICAL), (239, CRITICAL, WARNING)):
            with self.busy("info@example.org", number):
                self.assertEqual(self.level("busy sender", told), level, number)
        self.assertIn("info@example.org has written to 239 recipients", self.seen.detail)
        self.assertIn("`mailstack emergency hold info@example.org`", self.seen.detail)

    def test_nobody_counts_where_there_is_no_limit_and_nobody_writes_where_redis_holds_nothing(self):
        self.assertIsNone(self.level("busy sender"))
        with self.busy("", 0):
            self.assertEqual(self.level("busy sender"), OK)

    def test_a_redis_that_does_not_answer_is_a_check_of_its_own(self):
        with self.busy("info@example.org", 300):
            for answer in (programs.Result(1, "", "Could not connect"), programs.Result(0, "LOADING\n", "")):
                with mock.patch.object(busy_sender, "run", lambda *_, said=answer: said):
                    self.assertIsNone(self.level("busy sender"))

    def test_mail_that_waits_for_hours_is_a_warning_but_not_a_few_dead_addresses(self):
        with self.queue(*[5] * 19, *[3] * 50):
            self.assertEqual(self.level("old mail"), OK)
        with self.queue(*[5] * 20):
            self.assertEqual(self.levels("old mail")[0], WARNING)
            self.assertIn("20 messages have waited for more than 4 h", self.seen.detail)

    def test_a_postfix_that_does_not_say_is_no_empty_queue(self):
        with self.says("", 69):
            self.assertIsNone(self.level("queue length"))
            self.assertIsNone(self.level("old mail"))

    def test_disks_and_the_files_that_they_can_hold(self):
        for used, told, level in ((69, OK, OK), (70, OK, WARNING), (67, WARNING, WARNING), (66, WARNING, OK)):
            usage = shutil._ntuple_diskusage(100, used, 100 - used)
            with mock.patch.object(measures.shutil, "disk_usage", lambda _, usage=usage: usage):
                self.assertEqual(self.levels("disk use", told), (level, f"{used} % of the disk of / is used"))
            there = mock.Mock(f_files=1000, f_favail=10 * (100 - used - 10))
            with mock.patch.object(measures, "statvfs", lambda _, there=there: there):
                self.assertEqual(self.level("inodes", told), level)
        # What is kept for root is no room for mail (df).
        usage = shutil._ntuple_diskusage(100, 85, 5)
        with mock.patch.object(measures.shutil, "disk_usage", lambda _: usage):
            self.assertEqual(self.level("disk use"), CRITICAL)
        with mock.patch.object(measures, "statvfs", lambda _: mock.Mock(f_files=0, f_favail=0)):
            self.assertEqual(self.level("inodes"), OK)

    def test_memory(self):
        self.path("/proc").mkdir()
        for used, told, level in ((84, OK, OK), (85, OK, WARNING), (81, WARNING, WARNING), (96, OK, CRITICAL)):
            text = f"MemTotal: 2000 kB\nMemAvailable: {20 * (100 - used)} kB\n"
            self.path("/proc/meminfo").write_text(text)
            self.assertEqual(self.level("memory use", told), level, used)

    def test_processes_that_the_kernel_killed_are_named_by_their_unit(self):
        with self.says("", 1):
            self.assertEqual(self.level("out of memory"), OK)
        with self.says(json.dumps({"UNIT": "rspamd.service"})):
            self.assertEqual(self.level("out of memory"), WARNING)
            self.assertIn("rspamd.service", self.seen.detail)

    def test_many_bans_within_a_day(self):
        self.assertIsNone(self.level("many bans"))
        folder = self.path("/var/lib/fail2ban")
        folder.mkdir(parents=True)
        now = time.time()
        for recent, level in ((100, OK), (101, WARNING)):
            with closing(sqlite3.connect(folder / "fail2ban.sqlite3")) as database, database:
                database.execute("CREATE TABLE IF NOT EXISTS bans (jail TEXT, ip TEXT, timeofban INTEGER)")
                database.execute("DELETE FROM bans")
                rows = [("x", f"192.0.2.{number}", now - 60) for number in range(recent)]
                old = [("x", f"198.51.100.{number}", now - 100_000) for number in range(250)]
                # The same address in two jails is one.
                database.executemany("INSERT INTO bans VALUES (?, ?, ?)", rows + rows + old)
            self.assertEqual(self.level("many bans"), level)

    def test_what_cannot_be_measured_is_told_not_passed_over(self):
        self.assertEqual(self.level("memory use"), WARNING)
        self.assertIn("cannot be measured", self.seen.detail)
