"""`mailstack status`: real sockets, one line a check."""

import json
import os
import socket
import struct
import tempfile
import threading
import unittest
from unittest import mock

from mailstack import programs
from mailstack.apply.locate import locate
from mailstack.checks import bad, dane, dns, filters, quota, scanner, volume
from tests.harness import HostTestCase, bundle


class Status(HostTestCase):
    def test_only_what_is_installed_is_looked_at(self):
        result = self.run_it("status", "--json")
        self.assertEqual([entry["check"] for entry in json.loads(result.stdout)], ["files", "units", "disk", "memory"])
        self.assertEqual(result.returncode, 0, result.stdout)
        self.apply_well(bundle("redis"))
        entries = {entry["check"]: entry for entry in json.loads(self.run_it("status", "--json").stdout)}
        self.assertIn("redis", entries)

    def test_a_unit_that_somebody_stopped_or_disabled_is_named(self):
        units = {"demo.service": {"onChange": "restart"}, "demo.timer": {"onChange": "none"}}
        self.apply_well(bundle("demo", units=units))

        def said():
            entries = {entry["check"]: entry for entry in json.loads(self.run_it("status", "--json").stdout)}
            return entries["units"]["ok"], entries["units"]["detail"]

        self.assertEqual(said(), (True, "none failed"))
        (self.state / "demo.timer.active").unlink()
        (self.state / "demo.service.enabled").unlink()
        problems = ["demo.service is disabled: it will not run after a reboot", "demo.timer is inactive, should run"]
        self.assertEqual(said(), (False, "; ".join(problems)))

    def test_one_line_a_check(self):
        lines = self.run_it("status").stdout.splitlines()
        self.assertEqual(
            [line.split()[:2] for line in lines], [["ok", "files"], ["ok", "units"], ["ok", "disk"], ["ok", "memory"]]
        )


class Answers(unittest.TestCase):
    def serve_datagrams(self, answer):
        """Answers one request on a free port."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def work():
            _, client = server.recvfrom(1000)
            server.sendto(answer, client)

        threading.Thread(target=work, daemon=True).start()
        return server.getsockname()[1]

    def serve_file(self, answer):
        """Answers one request at a socket with a name."""
        path = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "socket")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        self.addCleanup(server.close)
        server.listen()

        def work():
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(answer)

        threading.Thread(target=work, daemon=True).start()
        return path

    def redis(self, answer):
        return scanner.redis("", self.serve_file(answer))

    def resolver(self, answer):
        return dns.resolver("", self.serve_datagrams(answer))

    def test_redis(self):
        self.assertEqual(self.redis(b"+PONG\r\n"), "PONG")
        with self.assertRaises(bad.Bad):
            self.redis(b"-LOADING Redis is loading\r\n")

    def test_lessons(self):
        def said(answer):
            return scanner.lessons("", self.serve_file(answer))

        self.assertEqual(said(b"*2\r\n$-1\r\n$-1\r\n"), "0 spam, 0 good, of 200 each")
        self.assertEqual(said(b"*2\r\n$3\r\n200\r\n$3\r\n201\r\n"), "200 spam, 201 good (trained)")
        with self.assertRaises(bad.Bad):
            said(b"-ERR unknown\r\n")

    def test_filters_of_users(self):
        def said(out, code=0):
            with mock.patch.object(filters, "run", lambda *_: programs.Result(code, out, "")):
                return filters.of_users("")

        self.assertEqual(said("", 1), "none of a user's failed today")
        failed = "sieve: Execution of script 'personal/x' failed, but implicit keep was successful (user logfile ...)"
        # What a mail says is no script's failure.
        lines = [
            f"lmtp(a@a.example)<1><x>: {failed}",
            f"lmtp(b@a.example)<2><y>: {failed}",
            f"imap(c@a.example): {failed}",
        ]
        with self.assertRaisesRegex(bad.Warn, r"of a@a\.example, b@a\.example failed"):
            said("\n".join([*lines, lines[0]]))
        with self.assertRaises(bad.Warn):
            said("", 124)
        with mock.patch.object(filters, "full_users", lambda: ["d@a.example"]):
            with self.assertRaisesRegex(bad.Warn, r"^a filter of d@a\.example has sent more .* waits"):
                said("", 1)
            with self.assertRaisesRegex(bad.Warn, r"a@a\.example failed today; .*; a filter of d@a\.example has sent"):
                said(lines[0])

    def test_an_empty_folder_is_no_volume(self):
        with self.assertRaisesRegex(bad.Bad, "is not mounted: mail waits"):
            volume.used("")

    def test_resolver(self):
        answer = bytes.fromhex("4d53 8180 0001 000d 0000 0000")
        self.assertEqual(self.resolver(answer), "13 root servers")
        for wrong in (
            "4d53 8182 0001 0000 0000 0000",
            "4d53 8180 0001 0000 0000 0000",
            "0000 8180 0001 000d 0000 0000",
        ):
            with self.assertRaises(bad.Bad):
                self.resolver(bytes.fromhex(wrong))

    def tlsa(self, flags, records):
        """The check, at a resolver that answers with these flags and records."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def work():
            query, client = server.recvfrom(1000)
            head = query[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0)
            data = [b"\x03\x01\x01" + bytes.fromhex(record) for record in records]
            # Names of answers point back to the question's.
            answers = [b"\xc0\x0c" + struct.pack("!2HIH", 52, 1, 300, len(each)) + each for each in data]
            server.sendto(head + query[12:-11] + b"".join(answers), client)

        threading.Thread(target=work, daemon=True).start()
        return dane._records("_25._tcp.mail.example.org", server.getsockname()[1])

    def test_tlsa_records(self):
        self.assertEqual(
            self.tlsa(0x81A0, ["ab" * 32, "cd" * 32]), (["3 1 1 " + "ab" * 32, "3 1 1 " + "cd" * 32], True)
        )
        self.assertEqual(self.tlsa(0x8180, ["ab" * 32]), (["3 1 1 " + "ab" * 32], False))
        self.assertEqual(self.tlsa(0x8183, []), ([], False))
        # What does not validate is no answer, and not "no record".
        with self.assertRaises(bad.Bad):
            self.tlsa(0x8182, [])


class Quota(unittest.TestCase):
    HEAD = "Username\tQuota name\tType\tValue\tLimit\t%\n"

    def row(self, user, percent):
        return f"{user}\tUser quota\tSTORAGE\t1\t2\t{percent}\n{user}\tUser quota\tMESSAGE\t1\t-\t0\n"

    def test_the_fullest(self):
        table = self.HEAD + self.row("a@x", 3) + self.row("b@x", 7)
        self.assertEqual(quota.summary(table), "2 mailboxes, fullest: b@x 7 %")
        table += self.row("c@x", 80) + self.row("d@x", 100)
        self.assertEqual(quota.summary(table), "4 mailboxes, fullest: d@x 100 %, c@x 80 %")
        self.assertEqual(quota.summary(self.HEAD), "no mailboxes")


class Locate(unittest.TestCase):
    """How the daemons name places."""

    FILES = {"/etc/a.conf": "# x\nport 25\nbad setting = 12\n", "/etc/b.conf": "other\n"}

    def test_places(self):
        for words, place in (
            ('nginx: [emerg] unknown directive "x" in /etc/a.conf:3', "/etc/a.conf:3"),
            ("doveconf: Fatal: Error in configuration file /etc/a.conf line 2: Unknown setting: x", "/etc/a.conf:2"),
            ("/etc/b.conf: line 7: Bad configuration option: x", "/etc/b.conf:7"),
            ("postconf: warning: /etc/a.conf, line 3: overriding earlier entry", "/etc/a.conf:3"),
            (">>> 'bad setting = 12'", "/etc/a.conf:3"),
            ("fatal: bad setting=12", "/etc/a.conf:3"),
            ("something is wrong in /etc/b.conf", "/etc/b.conf"),
            ("/etc/unknown.conf:3: bad", None),
            ("no idea", None),
        ):
            with self.subTest(words=words):
                self.assertEqual(locate([words], self.FILES), place)
