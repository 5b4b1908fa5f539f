"""The other mail exchanger, which answers or does not, and has a name by its address or another one."""

import json
import os
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from mailstack.checks import bad, exchangers
from mailstack.programs import Result


class Greeting:
    """A mail server on a free port of the loopback that says hello."""

    def __init__(self, line: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.line = line
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(f"{self.line}\r\n".encode())
                connection.recv(100)


class Exchangers(unittest.TestCase):
    def greeting(self, line: str) -> int:
        server = Greeting(line)
        self.addCleanup(server.listener.close)
        return server.port

    def primary(self, host: str, port: int) -> str:
        with mock.patch.object(exchangers, "run", return_value=Result(0, f"relay:[{host}]:25\n", "")):
            return exchangers.primary("mx2.example.org", port)

    def test_primary_that_answers(self) -> None:
        port = self.greeting("220 localhost ESMTP")
        self.assertEqual(self.primary("localhost", port), "localhost takes what waits here")

    def test_primary_that_is_away_is_a_warning(self) -> None:
        """A deployment of the backup must be possible meanwhile."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with self.assertRaisesRegex(bad.Warn, "localhost does not answer, mail for it waits here"):
            self.primary("localhost", port)

    def test_primary_that_is_somebody_else_or_busy(self) -> None:
        for line in ("220 other.example ESMTP", "421 localhost busy"):
            port = self.greeting(line)
            with self.subTest(line), self.assertRaises(bad.Warn):
                self.primary("localhost", port)

    def backup(self, name: str, reverse: str, port: int) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "backup-mx.json")
            path.write_text(json.dumps({"hostname": name, "ipv4": "127.0.0.1", "ipv6": ""}), encoding="utf-8")
            with (
                mock.patch.object(exchangers, "on_host", return_value=os.fspath(path)),
                mock.patch.object(socket, "gethostbyaddr", return_value=(reverse, [], [])),
            ):
                return exchangers.backup("mail.example.org", port)

    def test_backup_that_answers_by_its_name(self) -> None:
        port = self.greeting("220 mx2.example.org ESMTP")
        self.assertEqual(self.backup("mx2.example.org", "mx2.example.org.", port), "mx2.example.org answers")

    def test_backup_without_its_name_is_not_believed(self) -> None:
        port = self.greeting("220 mx2.example.org ESMTP")
        with self.assertRaisesRegex(bad.Warn, "is li1.members.example in the DNS, and not mx2.example.org"):
            self.backup("mx2.example.org", "li1.members.example", port)

    def test_none(self) -> None:
        with mock.patch.object(exchangers, "on_host", return_value="/nowhere"):
            self.assertEqual(exchangers.backup("mail.example.org"), "none")


if __name__ == "__main__":
    unittest.main()
