"""The history of what grows, on days and answers that each test makes up."""

import http.server
import json
import os
import socketserver
import threading
from datetime import UTC, datetime
from unittest import mock

from mailstack import programs
from mailstack.accounts.database import opened, prepare
from mailstack.alerts import counters, growth, state
from mailstack.alerts.state import State
from tests.harness import HostTestCase

FILE = "/var/lib/mailstack/alerts/growth.json"
DAY = 86400.0
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


def counted(scanned, spam):
    return {"scanned": scanned, "spam": spam}


class Growth(HostTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        self.known = State()

    def sample(self, day=0.0, numbers=None, **values):
        growth.sample(self.known, values, numbers, NOON + day * DAY)

    def series(self, name, values):
        """One day for each, and the day after them."""
        for day, value in enumerate(values):
            self.sample(day, **{name: value})
        self.sample(len(values))

    def of(self, name):
        return next(each for each in growth.report(self.known) if each["metric"] == name)

    def test_a_day_keeps_the_mean_of_the_memory_the_most_of_others_and_the_last_number_of_users(self):
        self.sample(users=6, memory=40, queue=9, disk=30, imap=2)
        self.sample(users=5, memory=60, queue=3, disk=29, imap=7)
        row = self.known.row
        self.assertEqual(growth.value(row, "memory"), 50)
        self.assertEqual([row[name] for name in ("users", "queue", "disk", "imap")], [5, 9, 30, 7])
        self.assertEqual(growth.load(), {})

    def test_a_day_that_is_over_is_kept(self):
        self.sample(queue=9)
        self.sample(1, queue=1)
        self.assertEqual(growth.load(), {"2026-11-30": {"queue": 9}})
        self.assertEqual(self.known.row, {"queue": 1})
        self.assertEqual(os.stat(self.path(FILE)).st_mode & 0o777, 0o600)

    def test_counters_are_differences_and_start_at_0_with_rspamd(self):
        self.sample(numbers=counted(5000, 4000))
        self.assertEqual(self.known.row, {})
        self.sample(numbers=counted(5090, 4030))
        self.sample(numbers=None)
        self.sample(numbers=counted(10, 5))
        self.assertEqual(self.known.row, counted(100, 35))
        self.assertEqual(growth.value(self.known.row, "spam"), 35)

    def test_a_share_of_few_messages_is_none(self):
        self.assertIsNone(growth.value(counted(99, 99), "spam"))
        self.assertEqual(growth.value(counted(100, 50), "spam"), 50)

    def test_the_spam_of_the_last_whole_day_is_told_not_that_of_a_day_long_ago(self):
        self.sample(numbers=counted(0, 0))
        self.sample(numbers=counted(200, 120))
        self.assertIsNone(growth.yesterday_spam(NOON))
        self.sample(1)
        self.assertEqual(growth.yesterday_spam(NOON + DAY), (60, 200))
        self.assertIsNone(growth.yesterday_spam(NOON + 2 * DAY))

    def test_a_damaged_file_is_replaced(self):
        self.path(FILE).parent.mkdir(parents=True)
        for text in ("", "[]", "[1]", '{"x": {}}', '{"2026-11-01": 5}', '{"2026-11-01": {"queue": "x"}}', "\xff{"):
            self.path(FILE).write_text(text, encoding="latin-1")
            self.assertEqual(growth.load(), {}, text)
        self.known = State(day="2026-11-29", row={"queue": 2})
        self.sample(queue=1)
        self.assertEqual(growth.load(), {"2026-11-29": {"queue": 2}})

    def test_a_clock_that_goes_back_goes_on_with_its_day(self):
        self.sample(queue=9)
        self.sample(1, queue=70)
        self.sample(queue=4)
        self.assertEqual((self.known.day, self.known.row, growth.load()), ("2026-11-30", {"queue": 9}, {}))

    def test_at_most_400_days(self):
        self.series("queue", range(450))
        days = growth.load()
        self.assertEqual((len(days), min(row["queue"] for row in days.values())), (400, 50))

    def test_trend_and_days_left(self):
        self.series("disk", [40 + day for day in range(20)])
        found = self.of("disk")
        self.assertAlmostEqual(found["trend"], 30)
        self.assertEqual((found["current"], found["warning_days"], found["critical_days"]), (59, 11, 26))

    def test_the_trend_is_that_of_the_last_30_days(self):
        self.series("disk", [10 + day for day in range(60)] + [69] * 31)
        self.assertAlmostEqual(self.of("disk")["trend"], 0)

    def test_what_does_not_grow_has_no_days_left_and_what_is_over_its_limit_none(self):
        self.series("queue", [50] * 10)
        self.assertEqual((self.of("queue")["trend"], self.of("queue")["warning_days"]), (0, None))
        self.known = State()
        self.series("users", [30 - day / 10 for day in range(10)])
        found = self.of("users")
        self.assertEqual((found["warning_days"], found["critical_days"]), (0, None))

    def test_a_day_that_is_damaged_in_the_watch_s_state_starts_afresh(self):
        self.path(state.FOLDER).mkdir(parents=True)
        for damage in ({"row": [1]}, {"row": {"users": "many"}}, {"counters": {"spam": None}}):
            self.path(f"{state.FOLDER}/watch.json").write_text(json.dumps({"day": "2026-11-29"} | damage))
            self.assertEqual((state.load().day, state.load().row), ("", {}))

    def test_fewer_than_7_days_are_no_trend(self):
        self.series("disk", range(6))
        self.assertEqual((self.of("disk")["trend"], self.of("disk")["warning_days"]), (None, None))
        self.sample(7)
        self.sample(6, disk=6)
        self.sample(7)
        self.assertAlmostEqual(self.of("disk")["trend"], 30)


class Counters(HostTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))

    def who(self, out, code=0):
        return mock.patch.object(counters, "run", lambda *_: programs.Result(code, out, ""))

    def test_imap_sessions_are_counted_by_the_columns_titles(self):
        lines = "ceo@a.example\t3\timap\t(1 2 3)\t(::1)\nx@a.example\t2\tpop3\t(4)\t()\n"
        # Dovecot 2.3 and 2.4.
        for title in ("proto", "service"):
            with self.subTest(title), self.who(f"username\t#\t{title}\t(pids)\t(ips)\n{lines}"):
                self.assertEqual(counters.imap_sessions(), 3)
        for out, code, number in (("", 0, 0), ("", 68, 0), ("", 75, None)):
            with self.who(out, code):
                self.assertEqual(counters.imap_sessions(), number)

    def test_no_accounts_are_not_no_users(self):
        self.assertIsNone(counters.users())

    def test_users_in_use_are_counted(self):
        self.path("/var/lib/mailserver").mkdir(parents=True)
        prepare("/var/lib/mailserver/mail.db")
        with opened("/var/lib/mailserver/mail.db") as accounts:
            for name, active in (("a", 1), ("b", 1), ("c", 0)):
                accounts.execute(
                    "INSERT INTO users (email, password, quota_mb, active) VALUES (?, '', 1, ?)", (name, active)
                )
        applied = mock.Mock(accounts=mock.Mock(database="/var/lib/mailserver/mail.db"))
        with mock.patch.object(counters.manifest, "load_all", lambda: [applied]):
            self.assertEqual(counters.users(), 2)

    def test_rspamd_is_asked_by_its_own_socket(self):
        actions = {
            "reject": 10,
            "soft reject": 1,
            "rewrite subject": 2,
            "add header": 30,
            "greylist": 7,
            "no action": 50,
        }

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                self.send_response(200 if self.path == "/stat" else 404)
                self.end_headers()
                self.wfile.write(json.dumps({"scanned": 100, "actions": actions}).encode())

            def address_string(self):
                return "local"

            def log_message(self, *_):
                pass

        folder = self.path("/run/rspamd")
        folder.mkdir(parents=True)
        there = mock.patch.object(counters.manifest, "load_all", lambda: [mock.Mock(service="rspamd")])
        with there:
            self.assertIsNone(counters.scanned())
        with there, socketserver.UnixStreamServer(str(folder / "controller.sock"), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.assertEqual(counters.scanned(), {"scanned": 100, "spam": 42})
            server.shutdown()
        self.assertIsNone(counters.scanned())
