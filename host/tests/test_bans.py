"""Who is never banned, and what `mailstack status` says about bans."""

import unittest
from unittest import mock

from mailstack.checks import bad, bans
from mailstack.programs import Result
from tests.harness import HostTestCase, bundle


class Deployers(HostTestCase):
    FILE = "/var/lib/mailstack/deployers"

    def apply_from(self, client):
        result = self.apply(bundle(), SSH_CLIENT=client)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_address_of_the_ssh_client_is_kept_once(self):
        self.apply_from("192.0.2.1 40000 22")
        self.apply_from("2001:db8::1 40000 22")
        self.apply_from("192.0.2.1 40001 22")
        self.assertEqual(self.read(self.FILE), "2001:db8::1\n192.0.2.1\n")

    def test_only_the_last_ones(self):
        for number in range(1, 8):
            self.apply_from(f"192.0.2.{number} 40000 22")
        self.assertEqual(self.read(self.FILE).split(), [f"192.0.2.{number}" for number in range(3, 8)])

    def test_nothing_without_ssh_and_nothing_that_is_no_address(self):
        self.apply_well(bundle())
        self.apply_from("-e .* 22")
        self.assertIsNone(self.read(self.FILE))

    def test_a_second_apply_writes_nothing(self):
        self.apply_from("192.0.2.1 40000 22")
        before = self.path(self.FILE).stat().st_ino
        self.apply_from("192.0.2.1 40002 22")
        self.assertEqual(self.path(self.FILE).stat().st_ino, before)


class Near(HostTestCase):
    def put(self, name, text):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def near(self, network):
        return self.run_it("is-near", network).returncode

    def setUp(self):
        super().setUp()
        self.put("/proc/net/if_inet6", f"{'20010db8' + '0' * 8 + 'f03c95fffe0003eb'} 02 40 00 80     eth0\n")

    def test_the_network_of_this_host_is_no_strangers(self):
        self.assertEqual(self.near("2001:db8:"), 0)
        self.assertEqual(self.near("2001:db8:0:99:"), 1)
        self.assertEqual(self.near("2001:db8:5:"), 1)

    def test_nor_is_that_of_who_deployed(self):
        self.put("/var/lib/mailstack/deployers", "192.0.2.1\n2001:db8:1:2:3::4\n")
        self.assertEqual(self.near("2001:db8:1:2:"), 0)
        self.assertEqual(self.near("2001:db8:1:3:"), 1)

    def test_what_is_no_network_is_a_strangers(self):
        self.assertEqual(self.near("192.0.2"), 1)


class Status(unittest.TestCase):
    RULES = "table inet f2b-table {\n set addr-set-sshd {\n  elements = { 192.0.2.7, 192.0.2.8 }\n }\n}"

    def look(self, banned, rules=RULES, code=0):
        answers = {"fail2ban-client": Result(code, banned + "\n", ""), "nft": Result(0, rules, "")}
        with mock.patch.object(bans, "run", lambda argv, _timeout: answers[argv[0]]):
            return bans.kept("")

    def test_what_is_shut_out(self):
        self.assertEqual(self.look("[{'sshd': []}, {'recidive': []}]"), "2 jails, 0 addresses and 0 networks shut out")
        self.assertEqual(
            self.look("[{'sshd': ['192.0.2.7', '192.0.2.8']}]"), "1 jails, 2 addresses and 0 networks shut out"
        )

    def test_a_network_goes_by_its_first_half(self):
        rules = "set net6-set-sshd {\n elements = { 2001:db8:1:2::/64,\n 2001:db8::/64 }\n }"
        found = self.look("[{'sshd-network': ['2001:db8:1:2:', '2001:db8:']}, {'sshd': []}]", rules)
        self.assertEqual(found, "2 jails, 0 addresses and 2 networks shut out")

    def test_problems(self):
        for banned, rules, code in (
            ("[]", self.RULES, 0),
            ("[{'sshd-network': ['2001:db8:1:3:']}]", "elements = { 2001:db8:1:2::/64 }", 0),
            ("[{'sshd': ['192.0.2.9']}]", self.RULES, 0),
            ("[{'sshd': ['192.0.2.7']}]", "", 0),
            ("", "", 255),
        ):
            with self.subTest(banned=banned, rules=rules), self.assertRaises(bad.Bad):
                self.look(banned, rules, code)
