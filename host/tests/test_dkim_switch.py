"""A new DKIM key signs once its record is in the DNS."""

import json
import os
from unittest import mock

from mailstack.checks.published import differences
from mailstack.keys import dkim
from mailstack.paths import on_host
from tests.harness import HostTestCase

FOLDER = "/var/lib/mailstack/dkim"


class Switch(HostTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))
        for folder in (os.path.dirname(dkim.SIGNING), FOLDER):
            os.makedirs(on_host(folder))
        self.commands = []
        self.enterContext(mock.patch.object(dkim, "run", lambda argv, *_: self.commands.append(argv)))
        self.enterContext(mock.patch.object(dkim, "must", lambda argv, *_: self.commands.append(argv)))
        self.enterContext(mock.patch.object(dkim, "make", lambda _paths: None))

    def want(self, selector, *domains):
        keys = [{"name": d, "selector": selector, "key": f"{FOLDER}/{d}.{selector}.key"} for d in domains]
        path = on_host(dkim.WANTED)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"domains": keys}, file)

    def key(self, name):
        os.makedirs(on_host(FOLDER), exist_ok=True)
        with open(on_host(f"{FOLDER}/{name}"), "w", encoding="utf-8"):
            pass

    def selectors(self):
        return {name: key.selector for name, key in dkim.signing().items()}

    def test_a_first_key_signs_at_once(self):
        self.want("one", "a.example")
        dkim.prepare()
        self.assertEqual(self.selectors(), {"a.example": "one"})

    def test_the_former_key_goes_on_until_the_record_of_the_new_one_is_seen(self):
        self.want("one", "a.example", "b.example")
        dkim.prepare()
        self.key("a.example.one.key")
        self.key("b.example.one.key")
        self.want("two", "a.example", "b.example")
        dkim.prepare()
        self.assertEqual(self.selectors(), {"a.example": "one", "b.example": "one"})
        self.assertEqual(dkim.switch(0, lambda domain, _key: domain == "a.example"), ["b.example"])
        self.assertEqual(self.selectors(), {"a.example": "two", "b.example": "one"})
        self.assertIn(["systemctl", "reload", "rspamd.service"], self.commands)
        self.assertEqual(self.commands[-1][2:4], ["enable", "--now"])
        self.assertEqual(dkim.switch(0, lambda _domain, _key: True), [])
        self.assertEqual(self.selectors(), {"a.example": "two", "b.example": "two"})
        self.assertEqual(self.commands[-1][2:4], ["disable", "--now"])

    def test_a_key_of_an_older_version_goes_on_too(self):
        self.key("a.example.one.key")
        self.want("two", "a.example")
        dkim.prepare()
        self.assertEqual(self.selectors(), {"a.example": "one"})

    def test_a_domain_that_is_gone_is_not_signed(self):
        self.want("one", "a.example", "b.example")
        dkim.prepare()
        self.want("one", "a.example")
        dkim.prepare()
        self.assertEqual(self.selectors(), {"a.example": "one"})


class Published(HostTestCase):
    WANTED = [
        {"name": "a.example", "type": "MX", "values": ["10 mail.a.example."]},
        {"name": "a.example", "type": "TXT", "values": ["v=spf1 mx -all"]},
        {"name": "mail.a.example", "type": "A", "values": ["@ipv4"]},
        {"name": "mail.a.example", "type": "CAA", "values": ['0 issue "letsencrypt.org"']},
    ]
    GOOD = {
        "a.example MX": ["10 mail.a.example."],
        "a.example TXT": ["v=spf1 mx -all", "site-verification=1"],
        "mail.a.example A": ["127.0.0.1"],
        "mail.a.example CAA": ['0 issue "letsencrypt.org"', '0 iodef "mailto:a@a.example"'],
    }

    def test_what_was_published_and_texts_for_other_purposes_are_well(self):
        self.assertEqual(differences(self.WANTED, lambda name, kind: self.GOOD[f"{name} {kind}"]), [])

    def test_what_voids_or_wins_is_named(self):
        def one(key, value):
            there = {**self.GOOD, key: value}
            return differences(self.WANTED, lambda name, kind: there[f"{name} {kind}"])

        self.assertIn("2 records v=spf1", one("a.example TXT", ["v=spf1 mx -all", "v=spf1 a -all"])[0])
        self.assertIn(
            "5 mx.other.example. is there", one("a.example MX", ["10 mail.a.example.", "5 mx.other.example."])[0]
        )
        self.assertIn("is missing", one("a.example MX", [])[0])
        self.assertIn("leads to 192.0.2.1", one("mail.a.example A", ["192.0.2.1"])[0])
        self.assertIn("is missing", one("mail.a.example CAA", ['0 issue "other.example"'])[0])
