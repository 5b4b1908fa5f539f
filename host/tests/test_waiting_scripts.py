"""Of whose scripts so much waits that no more is taken."""

import asyncio
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mailstack.daemons import senders_server, waiting_scripts

USER = "info@a.example"


class WaitingScriptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "waiting"
        self.folder.mkdir()
        self.now = 1000.0
        clock = mock.patch("mailstack.daemons.waiting_scripts.time.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.waiting = waiting_scripts.WaitingScripts(str(self.folder))

    def add(self, many, user=USER, first=0):
        for number in range(first, first + many):
            self.waiting.add(user, f"<{number}@b.example>")

    def full(self):
        self.waiting.forget()
        return sorted(path.name for path in self.folder.iterdir())

    def test_each_message_counts_once_however_often_it_is_tried(self):
        for _ in range(3):
            self.add(waiting_scripts.MOST - 1)
        self.assertEqual(self.full(), [])
        self.add(1, first=waiting_scripts.MOST)
        self.assertEqual(self.full(), [USER])
        self.assertEqual(waiting_scripts.full_users(str(self.folder)), [USER])
        self.assertEqual(waiting_scripts.full_users(str(self.folder / "gone")), [])

    def test_each_user_has_an_own_count(self):
        self.add(waiting_scripts.MOST - 1)
        self.add(waiting_scripts.MOST, "ceo@a.example")
        self.assertEqual(self.full(), ["ceo@a.example"])

    def test_what_comes_no_more_has_left(self):
        self.add(waiting_scripts.MOST)
        self.now += waiting_scripts.FORGET_SECONDS - 1
        self.add(waiting_scripts.MOST - 1)
        self.assertEqual(self.full(), [USER])
        self.now += 2
        self.assertEqual(self.full(), [])
        self.now += waiting_scripts.FORGET_SECONDS
        self.assertEqual((self.full(), dict(self.waiting.seen)), ([], {}))

    def test_what_has_left_counts_no_more(self):
        self.add(waiting_scripts.MOST)
        self.waiting.remove(USER, "<0@b.example>")
        self.waiting.remove(USER, "<never seen@b.example>")
        self.waiting.remove("nobody@a.example", "<0@b.example>")
        self.assertEqual(self.full(), [])
        self.add(1)
        self.assertEqual(self.full(), [USER])

    def test_a_name_is_no_path(self):
        for user in ("..", ".", "../x", "a/b@a.example", "/etc/x"):
            self.add(waiting_scripts.MOST, user)
        self.assertEqual(self.full(), [])
        self.assertEqual(list(self.folder.parent.glob("x")), [])

    def test_the_daemon_hears_it_as_rspamd_tells_it(self):
        class Writer:
            text = b""

            def write(self, more):
                self.text += more

            async def drain(self):
                pass

            def close(self):
                pass

        async def tell(server, still):
            for number in range(waiting_scripts.MOST):
                reader, writer = asyncio.StreamReader(), Writer()
                reader.feed_data(json.dumps({"waits": USER, "message": str(number), "still": still}).encode() + b"\n")
                reader.feed_eof()
                await server.serve(reader, writer)
                self.assertEqual(writer.text, b"{}\n")

        with mock.patch.dict(os.environ, {"RUNTIME_DIRECTORY": str(self.folder)}):
            server = senders_server._Server()
            asyncio.run(tell(server, True))
            self.assertEqual([path.name for path in self.folder.iterdir()], [USER])
            asyncio.run(tell(server, False))
            self.assertEqual([path.name for path in self.folder.iterdir()], [])


if __name__ == "__main__":
    unittest.main()
