"""A DKIM key is replaced in three steps, and none of them lets a key sign that receivers cannot find."""

import json
import os
import time
from unittest import mock

from mailstack.checks import dkim as check
from mailstack.checks.bad import Bad, Warn
from mailstack.errors import MailstackError
from mailstack.keys import dkim, dkim_record, dkim_report, dkim_times
from mailstack.keys.dkim_keys import record
from mailstack.keys.world_dns import Zone
from mailstack.paths import DKIM, on_host
from tests.harness import HostTestCase

DAY = 86_400
BOTH = ("a.example", "b.example")


class Rotation(HostTestCase):
    def setUp(self):
        super().setUp()
        for folder in (os.path.dirname(dkim.SIGNING), os.path.dirname(dkim.WANTED), DKIM):
            os.makedirs(self.path(folder))
        self.commands = []
        # What the servers of every zone have: by name.
        self.dns = {}
        # Servers that do not answer, or do not have the newest records yet.
        self.silent, self.behind = [], []
        for patch in (
            mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}),
            mock.patch.object(dkim, "run", lambda argv, *_: self.commands.append(argv)),
            mock.patch.object(dkim, "must", lambda argv, *_: self.commands.append(argv)),
            mock.patch.object(dkim, "make", lambda _paths: None),
            mock.patch.object(dkim, "_PATIENCE", 0),
            mock.patch.object(dkim_record, "zone_of", lambda _domain: Zone(["192.0.2.53", "192.0.2.54"])),
            mock.patch.object(dkim_record, "ask_server", lambda server, name, _kind: self.answer(server, name)),
            mock.patch.object(dkim_record, "record", lambda path: self.path(path).read_text()),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def answer(self, server, name):
        return None if server in self.silent else [] if server in self.behind else self.dns.get(name, [])

    def settings(self, selector, *others, domains=BOTH, most=400):
        def key(name, each):
            return {"selector": each, "key": f"{DKIM}/{name}.{each}.key"}

        entries = [{"name": n, **key(n, selector), "others": [key(n, each) for each in others]} for n in domains]
        self.path(dkim.WANTED).write_text(json.dumps({"domains": entries, "maxAgeDays": most}))

    def make(self, *names, days=None):
        """As `dkim make` does after `dkim prepare`; `days` ago."""
        for name in names:
            path = self.path(f"{DKIM}/{name}.key")
            if not path.exists():
                path.write_text(f"public half of {name}")
            if days is not None:
                os.utime(path, (time.time() - days * DAY,) * 2)

    def publish(self, *names):
        for name in names:
            domain, selector = name.rsplit(".", 1)
            self.dns[f"{selector}._domainkey.{domain}"] = [f"public half of {name}"]

    def deploy(self):
        """What an `up` runs on the host."""
        dkim.prepare()
        for name, key in dkim.settings().signing.items():
            for each in (key, *dkim.settings().others[name]):
                self.make(f"{name}.{each.selector}")
        dkim.watch()
        dkim.switch(0)

    def selectors(self):
        return {name: key.selector for name, key in dkim.signing().items()}

    def signs(self, selector):
        self.assertEqual(self.selectors(), dict.fromkeys(BOTH, selector))

    def steps(self):
        return dkim_report.report()["next"]

    def started(self):
        """A stack whose new key is among the others, and published."""
        self.settings("one", "two")
        self.deploy()
        self.publish("a.example.one", "a.example.two", "b.example.one", "b.example.two")

    def refused(self, *words):
        before = {path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}
        with self.assertRaises(MailstackError) as caught:
            self.deploy()
        for word in words:
            self.assertIn(word, caught.exception.message)
        self.assertEqual({path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}, before)

    def test_the_first_key_of_a_stack_signs_at_once_and_nobody_asks_the_dns(self):
        with mock.patch.object(dkim, "absences", side_effect=AssertionError):
            self.settings("one", "two")
            self.deploy()
        self.signs("one")

    def test_another_key_does_not_sign_until_the_two_change_places(self):
        self.started()
        self.signs("one")
        self.settings("two", "one")
        self.deploy()
        self.signs("two")
        self.settings("two")
        self.deploy()
        self.signs("two")

    def test_a_key_that_the_dns_does_not_show_is_refused_and_the_former_signs_on(self):
        self.started()
        del self.dns["two._domainkey.b.example"]
        self.settings("two", "one")
        self.refused("two cannot sign yet: two._domainkey.b.example", "192.0.2.53 does not have it", "back to one")
        self.signs("one")

    def test_another_key_under_its_name_is_refused_too_and_so_are_two_and_a_silent_server(self):
        self.started()
        own = self.dns["two._domainkey.a.example"]
        self.settings("two", "one")
        for wrong in (["public half of somebody else's"], [*own, "v=DKIM1; p=AAAA"]):
            self.dns["two._domainkey.a.example"] = wrong
            self.refused("192.0.2.53 has another key")
        self.dns["two._domainkey.a.example"] = own
        self.silent = ["192.0.2.54"]
        self.refused("192.0.2.54 does not answer")
        self.silent, self.behind = [], ["192.0.2.54"]
        self.refused("192.0.2.54 does not have it")
        self.behind = []
        self.deploy()
        self.signs("two")

    def test_a_key_that_was_never_made_is_refused_and_not_made(self):
        self.settings("one")
        self.deploy()
        self.settings("two", "one")
        self.refused("two cannot sign yet", "there is no such key on this host")
        self.assertFalse(self.path(f"{DKIM}/a.example.two.key").exists())

    def test_without_others_a_new_key_waits_for_its_record_and_nothing_is_refused(self):
        self.settings("one")
        self.deploy()
        self.settings("two")
        self.deploy()
        self.signs("one")
        self.assertEqual(self.steps()[0].split(":")[0], "nothing")
        self.publish("a.example.two", "b.example.two")
        dkim.switch(0)
        self.signs("two")

    def test_a_new_domain_signs_at_once_in_the_midst_of_a_rotation(self):
        self.settings("one", "two", domains=BOTH[:1])
        self.deploy()
        self.publish("a.example.one", "a.example.two")
        self.settings("two", "one")
        self.deploy()
        self.signs("two")

    def test_a_restored_host_knows_who_signed_and_is_not_refused(self):
        self.started()
        # The backup is older than the newer key, which was the next one to sign.
        for name in BOTH:
            self.path(f"{DKIM}/{name}.two.key").unlink()
        self.make("a.example.old", "b.example.old")
        self.dns.clear()
        self.path(dkim.SIGNING).unlink()
        self.settings("two", "one")
        self.deploy()
        self.signs("one")
        self.publish("a.example.two", "b.example.two")
        dkim.switch(0)
        self.signs("two")

    def test_each_step_is_told_with_its_day(self):
        self.settings("one", most=400)
        self.make("a.example.one", "b.example.one", days=10)
        self.deploy()
        self.assertRegex(self.steps()[0], r"^nothing until \d{4}-\d\d-\d\d, when one is 400 days old$")
        self.settings("one", "two")
        self.deploy()
        self.assertIn("wait until two._domainkey.a.example is in the DNS", self.steps()[0])
        self.publish("a.example.one", "a.example.two", "b.example.one", "b.example.two")
        self.assertIn("set mailstack:dkimSelector to two, put one in its place", self.steps()[0])
        self.settings("two", "one")
        self.deploy()
        early = self.steps()
        self.assertRegex(early[0], r"^from \d{4}-\d\d-\d\d on, take one out of mailstack:dkimOtherSelectors")
        with mock.patch.object(time, "time", return_value=time.time() + 8 * DAY):
            self.assertEqual(self.steps()[0].split(" out")[0], "take one")
        text = dkim_report.as_text(dkim_report.report())
        self.assertRegex(text, r"(?m)^  two  signs since \d{4}-\d\d-\d\d; in the DNS$")
        self.assertRegex(text, r"(?m)^  one  does not sign, signed until \d{4}-\d\d-\d\d; in the DNS$")
        self.settings("two")
        del self.dns["one._domainkey.a.example"]
        self.deploy()
        text = dkim_report.as_text(dkim_report.report())
        self.assertRegex(text, r"(?m)^  one  not in the settings, signed until .*; not in the DNS: 192.0.2.53 does not")

    def test_since_when_a_key_signs_is_as_old_as_the_key_if_it_is_the_first(self):
        self.make("a.example.one", "b.example.one", days=30)
        self.settings("one", "two")
        self.deploy()
        before = dkim_times.signed()["a.example"]
        self.assertAlmostEqual(before["one"].since, time.time() - 30 * DAY, delta=60)
        self.publish("a.example.one", "a.example.two", "b.example.one", "b.example.two")
        self.settings("two", "one")
        self.deploy()
        after = dkim_times.signed()["a.example"]
        self.assertAlmostEqual(after["two"].since, time.time(), delta=60)
        self.assertEqual((after["one"].since, after["two"].until), (before["one"].since, None))
        self.deploy()
        self.assertEqual(dkim_times.signed()["a.example"], after)
        self.settings("one", "two")
        self.deploy()
        self.assertIsNone(dkim_times.signed()["a.example"]["one"].until)

    def test_a_damaged_list_of_times_is_told(self):
        self.settings("one")
        self.deploy()
        for text in ("{", "[]", '{"a.example": {"one": {}}}'):
            self.path(f"{DKIM}/signed.json").write_text(text)
            with self.assertRaisesRegex(MailstackError, "signed.json is damaged"):
                dkim_times.signed()

    def test_status_warns_of_an_old_key_and_names_a_missing_other(self):
        self.settings("one", "two", most=400)
        self.make("a.example.one", "b.example.one", days=399)
        self.deploy()
        fine = mock.patch.multiple(check, problem=lambda _path: None, _signature=lambda *_: "signed", run=mock.DEFAULT)
        with fine as mocks:
            mocks["run"].return_value = mock.Mock(code=0)
            self.assertEqual(check.signs(""), "signs for 2 domains")
            self.make("a.example.one", days=402)
            with self.assertRaisesRegex(Warn, "one._domainkey.a.example is 402 days old, and mailstack:dkimMaxAgeDays"):
                check.signs("")
            self.assertIn("choose a new name", self.next_without_others())
            self.settings("one", "two", most=0)
            self.assertEqual(check.signs(""), "signs for 2 domains")
            with (
                mock.patch.object(check, "problem", lambda path: f"{path} is missing" if "two" in path else None),
                self.assertRaisesRegex(Bad, "a.example.two.key is missing"),
            ):
                check.signs("")

    def next_without_others(self):
        self.settings("one", most=400)
        return self.steps()[0]

    def test_settings_of_an_older_version_are_read(self):
        entries = [{"name": "a.example", "selector": "one", "key": f"{DKIM}/a.example.one.key"}]
        self.path(dkim.WANTED).write_text(json.dumps({"domains": entries}))
        self.assertEqual((dkim.settings().others, dkim.settings().most_days), ({"a.example": []}, 0))


class Records(HostTestCase):
    def test_a_key_that_cannot_be_read_is_no_reason_to_fail(self):
        with mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}):
            os.makedirs(on_host(DKIM))
            self.path(f"{DKIM}/a.example.one.key").write_text("no key")
            self.assertIn("holds no private key", dkim_record.absent("a.example", "one", f"{DKIM}/a.example.one.key"))
            with self.assertRaises(FileNotFoundError):
                record(f"{DKIM}/a.example.two.key")
