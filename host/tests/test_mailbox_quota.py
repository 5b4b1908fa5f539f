"""Whether the mailboxes behind an address have room, asked as Postfix asks, with a Dovecot that knows who is full."""

import asyncio
import contextlib
import sqlite3
import tempfile
import unittest
from pathlib import Path

from mailstack.daemons.mailbox_quota import Server, mailboxes, question

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
        asked = []

        async def dovecot(reader, writer):
            request = await question(reader)
            asked.append(request)
            action = FULL if request["recipient"].partition("@")[0] in full else "DUNNO"
            writer.write(f"action={action}\n\n".encode())
            await writer.drain()
            writer.close()

        async def both():
            async with await asyncio.start_unix_server(dovecot, self.socket):
                return await Server(self.database, self.socket).decide({"recipient": recipient, "size": size})

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
        _, [asked] = self.decide("info@a.example", set())
        self.assertEqual(asked["size"], "1024")
        _, [asked] = self.decide("info@a.example", set(), "5000")
        self.assertEqual(asked["size"], "5000")
