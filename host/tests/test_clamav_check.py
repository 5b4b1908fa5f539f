"""Whether clamd answers and its signatures are new: its words are a line of `mailstack status`."""

import os
import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path

from mailstack.daemons.clamav_check import OLDEST_DAYS, check
from mailstack.errors import MailstackError


class ClamavCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.answers = {b"zPING\0": b"PONG\0", b"zVERSION\0": b"ClamAV 1.4.3/27000/Mon\0"}
        self.path = str(self.folder / "clamd.ctl")
        self.signatures = self.folder / "signatures"
        self.signatures.mkdir()
        (self.signatures / "daily.cvd").touch()

    def serve(self):
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(self.path)
        server.listen()

        def answer():
            for _ in range(2):
                link, _ = server.accept()
                with link:
                    link.sendall(self.answers[link.recv(100)])

        threading.Thread(target=answer, daemon=True).start()

    def fails(self, words):
        with self.assertRaisesRegex(MailstackError, words):
            check(self.path, str(self.signatures))

    def test_version_and_age(self):
        self.serve()
        self.assertEqual(check(self.path, str(self.signatures)), "ClamAV 1.4.3, signatures of 0 h ago")

    def test_old_signatures(self):
        self.serve()
        then = time.time() - (OLDEST_DAYS + 1) * 86400
        os.utime(self.signatures / "daily.cvd", (then, then))
        self.fails("signatures are 8 days old")

    def test_another_answer(self):
        self.answers[b"zPING\0"] = b"LOADING\0"
        self.serve()
        self.fails("clamd: LOADING")

    def test_nobody_there(self):
        self.fails("mail waits")
