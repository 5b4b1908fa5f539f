"""Whether the mailboxes behind an address have room, asked as Postfix asks, with a Dovecot that knows who is full."""

import asyncio
import contextlib
import sqlite3
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from mailstack.daemons.mailbox_quota import KNOWN_FOR, ROOM, Server, mailboxes, question

ALIASES = (
    ("sales@a.example", "info@a.example"),
    ("front@a.example", "sales@a.example"),
    ("team@a.example", "info@a.example"),
    ("team@a.example", "tech@a.example"),
    ("copy@a.example", "copy@a.example"),
    ("copy@a.example", "info@a.example"),
    ("out@a.example", "friend@else.example"),
    ("one@a.example", "two@a.example"),
    ("two@a.example", "one@a.example"),
    ("@b.example", "info@a.example"),
)
FULL = "552 5.2.2 Mailbox is full"


class MailboxQuota(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = str(Path(folder.name) / "mail.db")
        self.socket = str(Path(folder.name) / "quota")
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("CREATE TABLE aliases (source, destination)")
            connection.execute("CREATE TABLE users (email, active)")
            connection.executemany("INSERT INTO aliases VALUES (?, ?)", ALIASES)
            users = [(f"{name}@a.example", name != "gone") for name in ("info", "tech", "copy", "gone")]
            connection.executemany("INSERT INTO users VALUES (?, ?)", users)
            connection.commit()

    def behind(self, address):
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            found, elsewhere = mailboxes(connection, address)
        return sorted(each.partition("@")[0] for each in found), elsewhere

    def decide(self, recipient, full, size="0"):
        """The answer, and what Dovecot was asked."""
        [answer], asked = self.decide_all([(recipient, size)], full)
        return answer, asked

    def decide_all(self, questions, full, room=1 << 40):
        """The answers to questions in a row, and what Dovecot was asked. `room`: bytes that others have left."""
        asked = []

        async def dovecot(reader, writer):
            request = await question(reader)
            asked.append(request)
            is_full = request["recipient"].partition("@")[0] in full or int(request["size"]) > room
            action = FULL if is_full else "DUNNO"
            writer.write(f"action={action}\n\n".encode())
            await writer.drain()
            writer.close()

        async def both():
            async with await asyncio.start_unix_server(dovecot, self.socket):
                server = Server(self.database, self.socket)
                return [await server.decide({"recipient": name, "size": size}) for name, size in questions]

        return asyncio.run(both()), asked

    def test_mailboxes_are_found_behind_aliases_tags_and_catch_alls(self):
        for address, expected in (
            ("info", ["info"]),
            ("INFO+shop", ["info"]),
            ("front", ["info"]),
            ("team", ["info", "tech"]),
            ("copy", ["copy", "info"]),
            ("one", []),
        ):
            with self.subTest(address=address):
                self.assertEqual(self.behind(f"{address}@a.example"), (expected, False))
        self.assertEqual(self.behind("anybody@b.example"), (["info"], False))

    def test_what_leads_out_or_nowhere_is_not_for_this_to_refuse(self):
        for address in ("out", "gone", "nobody"):
            with self.subTest(address=address):
                self.assertEqual(self.behind(f"{address}@a.example"), ([], True))
        self.assertEqual(self.decide("out@a.example", {"info"}), ("DUNNO", []))

    def test_refused_only_when_every_mailbox_is_full(self):
        for name, full, expected in (
            ("info", {"info"}, FULL),
            ("front", {"info"}, FULL),
            ("team", {"info"}, "DUNNO"),
            ("team", {"info", "tech"}, FULL),
            ("tech", {"info"}, "DUNNO"),
        ):
            with self.subTest(name=name, full=full):
                self.assertEqual(self.decide(f"{name}@a.example", full)[0], expected)

    def test_even_the_shortest_message_has_a_size(self):
        _, asked = self.decide("info@a.example", {"info"})
        self.assertEqual([each["size"] for each in asked], [str(ROOM), "1024"])
        _, asked = self.decide("info@a.example", {"info"}, "5000")
        self.assertEqual([each["size"] for each in asked], [str(ROOM), "5000"])

    def test_dovecot_is_not_asked_again_while_the_room_lasts(self):
        info, tech = "info@a.example", "tech@a.example"
        third = str(ROOM // 3)
        answers, asked = self.decide_all([(info, third)] * 3 + [(tech, "1"), (info, third)], set())
        self.assertEqual(answers, ["DUNNO"] * 5)
        self.assertEqual(
            [(each["recipient"], each["size"]) for each in asked], [(each, str(ROOM)) for each in (info, tech, info)]
        )
        # One whose size is not known may be large.
        _, asked = self.decide_all([(info, "0")] * 17, set())
        self.assertEqual(len(asked), 2)

    def test_what_dovecot_said_is_old_after_a_few_seconds(self):
        now = time.monotonic()
        with mock.patch("mailstack.daemons.mailbox_quota.time.monotonic", side_effect=lambda: now):
            _, asked = self.decide_all([("info@a.example", "1")] * 2, set())
            self.assertEqual(len(asked), 1)
        later = iter(range(10**6))
        with mock.patch("mailstack.daemons.mailbox_quota.time.monotonic", side_effect=lambda: next(later) * KNOWN_FOR):
            _, asked = self.decide_all([("info@a.example", "1")] * 2, set())
            self.assertEqual(len(asked), 2)

    def test_in_a_mailbox_that_is_nearly_full_each_message_is_asked_about(self):
        questions = [("info@a.example", size) for size in ("3000", "5000", "3000")]
        answers, asked = self.decide_all(questions, set(), room=4000)
        self.assertEqual(answers, ["DUNNO", FULL, "DUNNO"])
        self.assertEqual([each["size"] for each in asked if each["size"] != str(ROOM)], ["3000", "5000", "3000"])
        # A message that is larger than that is asked about itself.
        _, asked = self.decide("info@a.example", set(), str(ROOM + 1))
        self.assertEqual([each["size"] for each in asked], [str(ROOM + 1)])
