"""Rspamd is waited for, and reloaded once when it does not share its patterns."""

import os
import socket
import unittest.mock

from mailstack.daemons import rspamd_settle
from mailstack.errors import MailstackError
from mailstack.programs import Result
from tests.harness import HostTestCase

SUFFIXES = "/var/lib/rspamd/abc.hsmp"


class RspamdSettle(HostTestCase):
    def setUp(self):
        super().setUp()
        self.ran = []
        patches = (
            unittest.mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}),
            unittest.mock.patch.object(rspamd_settle, "must", self.must),
            unittest.mock.patch.object(rspamd_settle, "PATIENCE_SECONDS", 0.2),
        )
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        self.path("/proc/7").mkdir(parents=True)
        self.path("/var/lib/rspamd").mkdir(parents=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.port = self.server.getsockname()[1]
        self.maps("")

    def must(self, argv, _doing):
        self.ran.append(argv[1])
        return Result(0, "7\n", "")

    def maps(self, text):
        self.path("/proc/7/maps").write_text(text)

    def compile(self, size=43_000_000):
        with self.path(SUFFIXES).open("wb") as file:
            file.truncate(size)

    def test_patterns_of_its_own_are_let_go_by_one_reload(self):
        self.compile()
        rspamd_settle.settle(self.port)
        self.assertEqual(self.ran, ["show", "reload"])

    def test_nothing_is_reloaded_that_shares_or_has_nothing_compiled(self):
        rspamd_settle.settle(self.port)
        self.compile(size=1000)
        rspamd_settle.settle(self.port)
        self.compile()
        self.maps(f"7f00-7f01 r--s 00000000 08:01 5 {SUFFIXES}\n")
        rspamd_settle.settle(self.port)
        self.assertEqual(self.ran, ["show"] * 3)

    def test_a_closed_port_is_told(self):
        self.server.close()
        with self.assertRaisesRegex(MailstackError, "Rspamd did not listen"):
            rspamd_settle.settle(self.port)

    def test_a_check_asks_only_once_something_is_compiled(self):
        rspamd_settle.check(self.port)
        self.server.close()
        rspamd_settle.check(self.port)
        self.compile()
        with self.assertRaisesRegex(MailstackError, "nothing listens"):
            rspamd_settle.check(self.port)
