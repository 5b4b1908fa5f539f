"""Which messages people get, by what the checks see from minute to minute."""

import json
import os
import unittest
from unittest import mock

from mailstack import handed_over
from mailstack.alerts import conditions, daily, deployment, measures, messages, settings, state, watch
from mailstack.alerts.conditions import CRITICAL, OK, WARNING, Seen
from mailstack.errors import MailstackError
from tests.harness import HostTestCase

HOUR = 60


class Story(unittest.TestCase):
    """One run a minute."""

    def setUp(self):
        self.known = {}
        self.minute = 0

    def run_of(self, **levels):
        """One run; the changes that it tells, as `kind check`."""
        seen = [Seen(name.replace("_", " "), level, f"{name} is {level}") for name, level in levels.items()]
        told = conditions.decide(self.known, seen, 1_000_000 + 60.0 * self.minute)
        self.minute += 1
        self.told = told
        return [f"{each.kind} {each.check}" for each in told]

    def runs(self, count, **levels):
        """The same for some runs; the minutes with a message, from the first of these runs."""
        return {number: told for number in range(count) if (told := self.run_of(**levels))}

    def test_a_fault_is_told_once_when_three_runs_have_seen_it_and_once_when_it_is_over(self):
        self.assertEqual(self.runs(5, webmail=OK), {})
        self.assertEqual(self.runs(10, webmail=CRITICAL), {2: ["new webmail"]})
        self.assertEqual(self.runs(10, webmail=OK), {1: ["over webmail"]})
        self.runs(HOUR, webmail=OK)
        self.assertEqual(self.known, {})

    def test_the_notice_that_it_is_over_says_how_long_it_was(self):
        self.runs(12, webmail=CRITICAL)
        self.runs(2, webmail=OK)
        self.assertEqual((self.told[0].seconds, self.told[0].detail), (720.0, "webmail is 2"))

    def test_a_detail_is_short_however_much_a_program_said(self):
        for said, told in (("x" * 6000, "x" * 496 + " ..."), ("y" * 500, "y" * 500)):
            known, changes = {}, []
            for minute in range(3):
                changes = conditions.decide(known, [Seen("mailboxes", CRITICAL, said)], 60.0 * minute)
            self.assertEqual((changes[0].detail, known["mailboxes"].detail), (told, told))

    def test_a_restart_of_two_minutes_is_told_nobody(self):
        for _ in range(20):
            self.assertEqual(self.runs(2, webmail=CRITICAL), {})
            self.assertEqual(self.runs(3, webmail=OK), {})

    def test_one_good_run_does_not_end_a_fault(self):
        self.runs(3, webmail=CRITICAL)
        self.assertEqual(self.runs(1, webmail=OK), {})
        self.assertEqual(self.runs(5, webmail=CRITICAL), {})

    def test_what_means_that_no_mail_comes_is_told_after_two(self):
        self.assertEqual(self.runs(3, smtp_25=CRITICAL), {1: ["new smtp 25"]})

    def test_faults_that_began_together_are_one_message_and_end_as_one(self):
        told = self.runs(5, units=CRITICAL, imaps=CRITICAL, webmail=CRITICAL, disk=OK)
        self.assertEqual(told, {1: ["new imaps", "new units", "new webmail"]})
        self.assertEqual(len(self.runs(5, units=OK, imaps=OK, webmail=OK, disk=OK)[1]), 3)

    def test_a_critical_fault_is_told_again_after_four_hours_a_warning_after_a_day(self):
        told = self.runs(9 * HOUR, webmail=CRITICAL)
        self.assertEqual(told, {2: ["new webmail"], 242: ["still webmail"], 482: ["still webmail"]})
        self.runs(2, webmail=OK)
        told = self.runs(49 * HOUR, upgrades=WARNING)
        self.assertEqual(told, {2: ["new upgrades"], 1442: ["still upgrades"], 2882: ["still upgrades"]})

    def test_repeats_that_are_due_within_minutes_come_together(self):
        self.runs(5, one=CRITICAL, other=OK)
        told = self.runs(5 * HOUR, one=CRITICAL, other=CRITICAL)
        self.assertEqual(list(told.values()), [["new other"], ["still one", "still other"]])

    def test_a_fault_that_becomes_worse_is_told_and_when_it_becomes_better(self):
        self.runs(3, disk=WARNING)
        self.assertEqual(self.runs(5, disk=CRITICAL), {2: ["new disk"]})
        self.assertEqual(self.runs(5, disk=WARNING), {1: ["new disk"]})
        self.assertEqual(self.told, [])
        self.assertEqual(self.runs(5, disk=OK), {1: ["over disk"]})

    def test_a_fault_that_comes_and_goes_is_one_message_until_it_is_calm(self):
        told = []
        for _ in range(20):
            told += [each for run in self.runs(3, webmail=CRITICAL).values() for each in run]
            told += [each for run in self.runs(2, webmail=OK).values() for each in run]
        self.assertEqual(told, ["new webmail", "over webmail"] * 2 + ["new webmail", "flapping webmail"])
        calm = self.runs(2 * HOUR, webmail=OK)
        self.assertEqual(list(calm.values()), [["over webmail"]])
        self.assertEqual(self.runs(3, webmail=CRITICAL), {2: ["new webmail"]})

    def test_one_that_ends_broken_after_all_that_is_told_as_such(self):
        for _ in range(10):
            self.runs(3, webmail=CRITICAL)
            self.runs(2, webmail=OK)
        told = self.runs(HOUR, webmail=CRITICAL)
        self.assertEqual(list(told.values()), [["new webmail"]])

    def test_a_clock_that_is_set_back_silences_nothing(self):
        self.minute = 10_000
        self.runs(3, webmail=CRITICAL)
        self.minute = 0
        self.assertEqual(self.runs(5 * HOUR, webmail=CRITICAL), {240: ["still webmail"]})


class Words(unittest.TestCase):
    def compose(self, *changes, **known):
        message = messages.compose("mail.example.org", list(changes), known, 1_764_460_800.0)
        return message["subject"], message["text"], message["payload"]

    def test_one_message_names_all_that_changed_and_what_lasts(self):
        since = 1_764_460_000.0
        subject, text, payload = self.compose(
            conditions.Change("smtp 25", "new", CRITICAL, "connection refused", since),
            conditions.Change("webmail", "over", OK, "answer 502", since, 720.0),
            disk=conditions.Condition(told=CRITICAL),
        )
        self.assertEqual(subject, "[mail.example.org] BAD: smtp 25; ok again: webmail")
        self.assertIn("BAD: smtp 25: connection refused (since 2025-11-29 23:46 UTC)", text)
        self.assertIn("ok again: webmail, after 12 min (it was: answer 502)", text)
        self.assertIn("Still not well: disk.", text)
        first = {"check": "smtp 25", "state": "critical", "detail": "connection refused"}
        self.assertEqual(payload["host"], "mail.example.org")
        self.assertEqual({key: payload[key] for key in first}, first)
        self.assertEqual([each["state"] for each in payload["changes"]], ["critical", "ok"])

    def test_many_faults_fit_into_a_subject(self):
        changes = [conditions.Change(f"check {number}", "new", CRITICAL, "x", 0) for number in range(30)]
        subject, text, _ = self.compose(*changes)
        self.assertEqual(subject, "[mail.example.org] BAD: check 0, check 1, check 2, check 3 and 26 more")
        self.assertIn("check 29", text)

    def test_the_end_of_everything_says_that_all_is_well(self):
        _, text, _ = self.compose(conditions.Change("disk", "over", OK, "full", 0, 60.0))
        self.assertIn("All is well now.", text)


class Urls(unittest.TestCase):
    def test_only_https_is_taken(self):
        for good in ("https://a.example/x?y=z", "https://user:pass@a.example:8443/"):
            self.assertEqual(settings.url_problem(good), "")
        for wrong in (
            "http://a.example/",
            "https:///x",
            "https://a.example:x/",
            "a.example",
            "https://a.example/\u00e4",
        ):
            self.assertNotEqual(settings.url_problem(wrong), "", wrong)
        self.assertNotEqual(settings.url_problem("https://a.example/\r\nX: y"), "")


class OnHost(HostTestCase):
    """The files of a host in a folder of its own."""

    def setUp(self):
        super().setUp()
        environment = {"MAILSTACK_ROOT": str(self.root), "MAILSTACK_FAKES": str(self.state)}
        self.enterContext(mock.patch.dict(os.environ, environment))
        folder = self.path(settings.FOLDER)
        folder.mkdir(parents=True)
        plain = {"hostname": "mail.example.org", "mail": ["admin@example.org"], "local": ["admin@example.org"]}
        (folder / "settings.json").write_text(json.dumps(plain))
        self.entries = []
        self.looked_without = []
        self.now = 1_000_000.0
        self.enterContext(mock.patch("mailstack.alerts.watch.status.look", self.look))
        # What they measure would be this machine.
        self.enterContext(mock.patch("mailstack.alerts.watch.measures.MEASURES", ()))
        self.enterContext(mock.patch("mailstack.alerts.watch.daily.DAILY", ()))
        self.enterContext(mock.patch("mailstack.alerts.watch.time.time", lambda: self.now))
        self.enterContext(mock.patch("mailstack.alerts.state.time.time", lambda: self.now))
        self.enterContext(mock.patch("mailstack.alerts.watch.delivery.deliver", lambda *_: None))

    def look(self, without):
        self.looked_without.append(without)
        return [each for each in self.entries if each["check"] not in without]

    def see(self, **ok):
        self.entries = [
            {"check": name.replace("_", " "), "ok": good, "warn": False, "detail": "x"} for name, good in ok.items()
        ]

    def minutes(self, count):
        for _ in range(count):
            watch.run()
            self.now += 60
        return [message["subject"].partition("] ")[2] for message in state.load().outbox]

    def test_once_a_day_it_looks_for_changes_and_again_soon_while_there_are_any(self):
        asked = []

        def faults(hostname):
            asked.append((hostname, self.now))
            return [f"/etc/{name} content was changed" for name in "abcde"[: self.found]]

        self.found = 0
        self.see(smtp_25=True)
        changes = daily.Daily("changes by hand", faults, "`mailstack verify`")
        with mock.patch("mailstack.alerts.watch.daily.DAILY", (changes,)):
            with mock.patch.dict("mailstack.alerts.watch._PERIODS", {"changes by hand": daily.PERIOD}):
                self.assertEqual(self.minutes(120), [])
                self.assertEqual(asked, [("mail.example.org", 1_000_000.0)])
                self.now += daily.PERIOD
                self.found = 5
                self.assertEqual(self.minutes(30), ["warning: changes by hand"])
                self.assertLess(len(asked), 10)
                told = state.load().outbox[-1]["text"]
                self.assertIn("/etc/c content was changed and 2 more; `mailstack verify`", told)
                self.found = 0
                self.assertEqual(self.minutes(30)[-1], "ok again: changes by hand")

    def test_what_cannot_be_looked_at_is_a_warning_and_stops_nothing(self):
        def fail(_hostname):
            raise OSError("no answer")

        seen = daily.look(daily.Daily("deliverability", fail, ""), "mail.example.org")
        self.assertEqual((seen.level, seen.detail), (1, "cannot be looked at: no answer"))

    def test_a_host_that_has_handed_over_tells_nothing(self):
        self.see(smtp_25=False)
        handed_over.write({"time": 1, "units": [], "done": {}})
        self.assertEqual(self.minutes(10), [])
        handed_over.clear()
        self.assertEqual(self.minutes(5), ["BAD: smtp 25"])

    def test_what_is_known_outlives_each_run_and_is_root_alone(self):
        self.see(smtp_25=False)
        self.assertEqual(self.minutes(5), ["BAD: smtp 25"])
        file = self.path("/var/lib/mailstack/alerts/watch.json").stat()
        self.assertEqual((file.st_mode & 0o777, file.st_uid), (0o600, 0))
        self.assertEqual(self.path("/var/lib/mailstack/alerts").stat().st_mode & 0o777, 0o700)

    def test_a_damaged_file_is_told_again_not_a_dead_watch(self):
        self.see(smtp_25=False)
        self.minutes(3)
        for damage in ("", "{", "[]", '{"conditions": {"x": {"y": 1}}}', '{"conditions": []}'):
            self.path("/var/lib/mailstack/alerts/watch.json").write_text(damage)
            self.assertEqual(self.minutes(3), ["BAD: smtp 25"], damage)

    def test_in_a_pause_nothing_is_told_and_afterwards_what_lasts(self):
        self.see(smtp_25=False)
        state.pause(self.now + 600)
        self.assertEqual(self.minutes(10), [])
        self.assertEqual(self.minutes(3), ["BAD: smtp 25"])

    def test_a_pause_that_no_clock_could_have_made_is_none(self):
        self.see(smtp_25=False)
        state.pause(self.now + 30 * 86400)
        self.assertEqual(self.minutes(3), ["BAD: smtp 25"])

    def lock_of(self, command, process=0):
        path = self.path("/run/mailstack/lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"`mailstack {command}` (pid {process})\n")
        os.utime(path, (self.now, self.now))

    def test_while_an_up_is_at_work_nothing_is_told(self):
        self.see(smtp_25=False)
        for _ in range(10):
            self.lock_of("apply postfix")
            self.assertEqual(self.minutes(1), [])
        # It has ended.
        self.now += 60
        self.assertEqual(self.minutes(2), ["BAD: smtp 25"])

    def test_one_that_never_ends_silences_the_watch_for_an_hour_at_most(self):
        self.see(smtp_25=False)
        told = []
        while not told and self.now < 1_010_000:
            self.lock_of("apply postfix")
            told = self.minutes(1)
        self.assertEqual(self.now, 1_000_000 + 3600 + 3 * 60)

    def test_a_command_that_deploys_nothing_does_not_silence_it_nor_one_that_is_over(self):
        self.see(smtp_25=False)
        self.lock_of("verify", os.getpid())
        known = state.State()
        self.assertFalse(deployment.under_way(known, self.now))
        self.lock_of("apply postfix", 0)
        self.assertTrue(deployment.under_way(known, self.now))
        self.assertFalse(deployment.under_way(known, self.now + 61))
        # The number is somebody else's by now.
        self.lock_of("apply postfix", 1)
        self.assertFalse(deployment.under_way(known, self.now + 61))

    def test_checks_that_ask_others_are_made_each_hour_and_more_often_while_they_fail(self):
        self.see(backup=True, webmail=True)
        self.minutes(2 * HOUR)
        self.assertEqual(self.looked_without.count([]), 2)
        self.looked_without.clear()
        self.see(backup=False, webmail=True)
        told = self.minutes(2 * HOUR)
        self.assertEqual(told, ["warning: backup"])
        self.assertGreater(self.looked_without.count([]), 10)
        self.see(backup=True, webmail=True)
        self.assertEqual(self.minutes(15), ["warning: backup", "ok again: backup"])

    def test_where_a_new_channel_is_is_remembered_at_once_then_each_hour_while_the_resolver_works(self):
        asked = []

        def found(hosts, domains, _known):
            asked.append((hosts, domains))
            return dict.fromkeys(hosts, ["192.0.2.1"])

        self.enterContext(mock.patch("mailstack.alerts.watch.addresses.remembered", found))
        self.see(resolver=True)
        self.minutes(3)
        self.assertEqual(asked, [([], [])])
        (self.path(settings.FOLDER) / "slack-url").write_text("https://hooks.example/x\n")
        self.minutes(60)
        self.assertEqual(asked[1:], [(["hooks.example"], [])])
        self.minutes(2)
        self.assertEqual(len(asked), 3)
        self.see(resolver=False)
        self.minutes(70)
        self.assertEqual(len(asked), 3)
        self.assertEqual(state.load().addresses, {"hooks.example": ["192.0.2.1"]})

    def test_what_is_measured_is_told_as_what_a_check_finds(self):
        values = [150.0]
        limits = (measures.Limit(conditions.WARNING, 101, 80),)
        one = measures.Measure("queue length", lambda: (values[0], f"{values[0]:.0f} wait"), limits)
        self.enterContext(mock.patch("mailstack.alerts.watch.measures.MEASURES", (one,)))
        self.see(disk=True)
        self.assertEqual(self.minutes(4), ["warning: queue length"])
        values[0] = 90.0
        self.assertEqual(self.minutes(4), ["warning: queue length"])
        values[0] = 70.0
        self.assertEqual(self.minutes(4), ["warning: queue length", "ok again: queue length"])

    def test_a_service_that_is_given_up_is_no_fault_for_ever(self):
        self.see(webmail=False, disk=True)
        self.minutes(3)
        self.see(disk=True)
        self.assertEqual(self.minutes(2), ["BAD: webmail", "ok again: webmail"])

    def test_the_time_of_a_pause_is_bounded(self):
        from mailstack.alerts.commands import _seconds

        self.assertEqual([_seconds(text) for text in ("30m", "2h", "7d")], [1800, 7200, 604800])
        for wrong in ("", "0m", "8d", "2", "2 h", "-1h", "1e3h", "999999d", "\u0662h"):
            with self.assertRaises(MailstackError, msg=wrong):
                _seconds(wrong)


class Commands(HostTestCase):
    def test_a_host_without_alerts_says_what_to_set(self):
        for words in (("watch",), ("alert", "test"), ("alert", "list"), ("alert", "pause", "2h")):
            result = self.run_it(*words)
            self.assertEqual(result.returncode, 1)
            self.assertIn("set mailstack:alerts and run pulumi up", result.stderr)

    def test_a_url_that_cannot_be_used_is_refused_and_not_repeated(self):
        folder = self.path(settings.FOLDER)
        folder.mkdir(parents=True)
        plain = {"hostname": "mail.example.org", "mail": [], "local": []}
        (folder / "settings.json").write_text(json.dumps(plain))
        (folder / "slack-url").write_text("http://hooks.example/T0/secret-word\n")
        result = self.run_it("alert", "check")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "mailstack: error: mailstack:alertSlackUrl must be an https:// URL\n")
        (folder / "slack-url").write_text("https://hooks.example/T0/secret-word\n")
        self.assertEqual(self.run_it("alert", "check").returncode, 0)
