"""`mailstack deliverability`, with a DNS of its own."""

import sys
import types
import unittest
from unittest import mock

from mailstack.deliverability import block_lists, findings, host_names, look, sender_records
from mailstack.deliverability.findings import Unanswered
from mailstack.errors import MailstackError
from mailstack.keys.dkim import Key

NAME, DOMAIN = "mail.example.org", "example.org"


class Case(unittest.TestCase):
    def dns(self, records):
        """Every module asks here; what is not in it is not in the DNS."""

        def look_up(name, kind):
            found = records.get(f"{name} {kind}", [])
            if isinstance(found, Exception):
                raise found
            return sorted(found)

        for module in (block_lists, host_names, sender_records, findings):
            self.enterContext(mock.patch.object(module, "look_up", look_up))


class BlockLists(Case):
    """A refusal must never look like a clean address, and never like a listing."""

    def judged(self, zone, name, answers, **more):
        tests = {
            "zen.spamhaus.org": {"2.0.0.127.zen.spamhaus.org A": ["127.0.0.2", "127.0.0.4"]},
            "dbl.spamhaus.org": {"dbltest.com.dbl.spamhaus.org A": ["127.0.1.2"]},
            "bl.spamcop.net": {"2.0.0.127.bl.spamcop.net A": ["127.0.0.2"]},
        }[zone]
        self.dns(tests | {f"{name}.{zone} A": answers} | more)
        known = next(each for each in (*block_lists._ADDRESSES, *block_lists._DOMAINS) if each.zone == zone)
        return block_lists.judge(known, name)

    def test_codes_of_addresses(self):
        name = "10.113.0.203"
        self.assertEqual(self.judged("zen.spamhaus.org", name, []), "not listed")
        for code in ("127.0.0.2", "127.0.0.4", "127.0.0.11"):
            with self.assertRaisesRegex(MailstackError, rf"^listed \({code}\): .*check\.spamhaus\.org"):
                self.judged("zen.spamhaus.org", name, [code])
        for code in (
            "127.255.255.252",
            "127.255.255.254",
            "127.255.255.255",
            "127.0.0.1",
            "127.0.0.12",
            "127.0.1.2",
            "192.0.2.1",
        ):
            with self.subTest(code), self.assertRaisesRegex(Unanswered, f"^not answered: {code}"):
                self.judged("zen.spamhaus.org", name, [code])
        with self.assertRaisesRegex(Unanswered, "^not answered"):
            self.judged("bl.spamcop.net", name, ["127.0.0.3"])

    def test_codes_of_domains(self):
        self.assertEqual(self.judged("dbl.spamhaus.org", DOMAIN, []), "not listed")
        for code in ("127.0.1.2", "127.0.1.106", "127.0.1.254"):
            with self.assertRaisesRegex(MailstackError, r"^listed"):
                self.judged("dbl.spamhaus.org", DOMAIN, [code])
        for code in ("127.0.1.255", "127.255.255.254", "127.0.0.2", "127.0.1.1"):
            with self.subTest(code), self.assertRaisesRegex(Unanswered, f"^not answered: {code}"):
                self.judged("dbl.spamhaus.org", DOMAIN, [code])

    def test_a_list_that_does_not_know_its_own_test_entry_says_nothing(self):
        silent = {"2.0.0.127.zen.spamhaus.org A": []}
        with self.assertRaisesRegex(Unanswered, "does not know its own test entry"):
            self.judged("zen.spamhaus.org", "10.113.0.203", [], **silent)
        refusing = {"2.0.0.127.zen.spamhaus.org A": ["127.255.255.254"]}
        with self.assertRaisesRegex(Unanswered, "does not know its own test entry"):
            self.judged("zen.spamhaus.org", "10.113.0.203", [], **refusing)

    def test_a_list_that_lists_everything_says_nothing(self):
        everything = {"1.0.0.127.zen.spamhaus.org A": ["127.0.0.2"]}
        for answers in ([], ["127.0.0.2"]):
            with self.assertRaisesRegex(Unanswered, "it lists 1.0.0.127 too"):
                self.judged("zen.spamhaus.org", "10.113.0.203", answers, **everything)

    def test_addresses_of_both_kinds_and_every_domain_are_asked(self):
        subjects = [each.subject for each in block_lists.questions(["203.0.113.10", "2001:db8::1"], [DOMAIN, NAME])]
        self.assertEqual(
            subjects,
            [
                "zen.spamhaus.org 203.0.113.10",
                "zen.spamhaus.org 2001:db8::1",
                "bl.spamcop.net 203.0.113.10",
                f"dbl.spamhaus.org {DOMAIN}",
                f"dbl.spamhaus.org {NAME}",
            ],
        )
        self.assertEqual(block_lists._reversed("203.0.113.10"), "10.113.0.203")
        self.assertTrue(block_lists._reversed("2001:db8::1").startswith("1.0.0.0.0.0."))


class Records(Case):
    """As a receiver reads them."""

    def spf(self, own, strangers=("fail", "", 2), record=("v=spf1 mx -all",)):
        self.dns({f"{DOMAIN} TXT": list(record)})
        asked = lambda _name, address, _domain: strangers if address == "192.0.2.1" else own  # noqa: E731
        with mock.patch.object(sender_records, "_asked", asked):
            return sender_records._spf(NAME, ["203.0.113.10"], DOMAIN)

    def test_spf(self):
        self.assertEqual(self.spf(("pass", "", 2)), "pass for this host, 2 of 10 lookups, fail for strangers")
        with self.assertRaisesRegex(MailstackError, "^fail for 203.0.113.10"):
            self.spf(("fail", "no", 2))
        with self.assertRaisesRegex(MailstackError, "Too many DNS lookups: take names out"):
            self.spf(("pass", "", 2), ("permerror", "SPF Permanent Error: Too many DNS lookups", 11))
        with self.assertRaises(Unanswered):
            self.spf(("temperror", "timeout", 2))
        for records in ([], ["v=spf1 mx -all", "v=spf1 a -all"]):
            with self.assertRaisesRegex(MailstackError, "must be one"):
                self.spf(("pass", "", 2), record=records)
        self.spf(("pass", "", 2), record=["v=spf1 mx -all", "v=spf10 x", "google-site-verification=x"])

    def test_spf_is_asked_of_debians_evaluator(self):
        class Query:
            lookups = 3

            def __init__(self, i, s, h, timeout):
                self.asked = (i, s, h)

            def check(self):
                return ("pass", 250, " ".join(self.asked))

        with mock.patch.dict(sys.modules, {"spf": types.SimpleNamespace(query=Query)}):
            answer = sender_records._asked(NAME, "203.0.113.10", DOMAIN)
        self.assertEqual(answer, ("pass", f"203.0.113.10 postmaster@{DOMAIN} {NAME}", 3))

    def test_dkim(self):
        self.dns({f"mail1._domainkey.{DOMAIN} TXT": ["v=DKIM1; p=AAAA"]})
        keys = mock.patch.object(sender_records, "signing", lambda: {DOMAIN: Key("mail1", "/key")})
        with keys, mock.patch.object(sender_records, "record", lambda _: "v=DKIM1; p=AAAA"):
            self.assertEqual(sender_records._dkim(DOMAIN), f"mail1._domainkey.{DOMAIN} is the key that signs")
        with keys, mock.patch.object(sender_records, "record", lambda _: "v=DKIM1; p=BBBB"):
            with self.assertRaisesRegex(MailstackError, "is not the key that signs"):
                sender_records._dkim(DOMAIN)

    def test_dmarc(self):
        for text, said in (
            ("v=DMARC1; p=quarantine; rua=mailto:x@y.example", "p=quarantine, mail passes by DKIM"),
            ("v=DMARC1;p=none;sp=reject", "p=none, mail passes by DKIM; once all of it does"),
        ):
            self.dns({f"_dmarc.{DOMAIN} TXT": [text]})
            self.assertTrue(sender_records._dmarc(DOMAIN).startswith(said), text)

    def test_reverse_names(self):
        self.enterContext(mock.patch.object(host_names, "is_here", lambda _: True))
        self.dns({"10.113.0.203.in-addr.arpa. PTR": [f"{NAME}."]})
        reverse = types.SimpleNamespace(from_address=lambda _: "10.113.0.203.in-addr.arpa.")
        with mock.patch.dict(
            sys.modules, {"dns": types.SimpleNamespace(reversename=reverse), "dns.reversename": reverse}
        ):
            self.assertEqual(host_names._reverse(NAME, "203.0.113.10"), f"{NAME}, which leads back")
            with self.assertRaisesRegex(MailstackError, f"^{NAME}, must be other.example"):
                host_names._reverse("other.example", "203.0.113.10")
            with (
                mock.patch.object(host_names, "is_here", lambda _: False),
                self.assertRaisesRegex(MailstackError, "not this host's"),
            ):
                host_names._reverse(NAME, "203.0.113.10")


class Report(Case):
    def test_one_line_each_and_no_answer_is_neither(self):
        self.dns({f"{NAME} A": ["203.0.113.10"]})
        from mailstack import deliverability

        def fails(error):
            def ask():
                raise error

            return ask

        asked = [
            findings.Question("a", lambda: "well"),
            findings.Question("b", fails(MailstackError("wrong"))),
            findings.Question("c", fails(Unanswered("nobody knows"))),
        ]
        with (
            mock.patch.object(deliverability, "wanted", lambda: {DOMAIN: None}),
            mock.patch.object(host_names, "questions", lambda *_: asked),
            mock.patch.object(sender_records, "questions", lambda *_: []),
            mock.patch.object(block_lists, "questions", lambda *_: []),
        ):
            found = [(each.subject, each.mark, each.text) for each in look(NAME)]
        self.assertEqual(found, [("a", "ok", "well"), ("b", "BAD", "wrong"), ("c", "?", "nobody knows")])
