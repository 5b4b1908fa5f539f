"""Who may write as whom, by the accounts of a database and the headers of a message."""

import contextlib
import sqlite3
import time
import unittest

from mailstack.daemons import senders
from tests.accounts_case import DATABASE, AccountsTestCase, declared

_ALIASES = (("sales", "info"), ("hop", "sales"), ("tagged", "info+orders"), ("both", "info"), ("both", "ceo"))


class SendersTestCase(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.declare()

    def declare(self, aliases=_ALIASES):
        grouped = {}
        for source, target in aliases:
            grouped.setdefault(source, []).append(target)
        bundle = declared("info", "ceo", "www-data")
        bundle["accounts"]["aliases"] = [
            {
                "source": f"{source}@a.example",
                "destinations": sorted(to if "@" in to else f"{to}@a.example" for to in targets),
            }
            for source, targets in grouped.items()
        ]
        self.apply(bundle)

    @contextlib.contextmanager
    def database(self):
        with contextlib.closing(sqlite3.connect(self.path(DATABASE))) as connection:
            yield connection

    def refusal(self, headers, user="info@a.example"):
        with self.database() as connection:
            return senders.refusal(connection, user, {"From": ["info@a.example"], **headers})


class RefusalTest(SendersTestCase):
    def test_own_addresses_tags_and_aliases_are_allowed(self):
        allowed = (
            *("info@a.example", "Info <INFO@A.Example>", "info+tag@a.example", "sales@a.example", "hop@a.example"),
            *(
                "Sales <sales+x@a.example>",
                "tagged@a.example",
                "both@a.example",
                '"info"@a.example',
                "(me) info @ a.example",
            ),
            *(
                "=?utf-8?b?SsO8cmdlbg==?= <info@a.example>",
                "J\udcfcrgen <info@a.example>",
                "A.example <info@a.example>",
            ),
            *('"bob@else.example" <info@a.example>', "info@a.example, sales@a.example"),
        )
        for text in allowed:
            with self.subTest(text):
                self.assertEqual(self.refusal({"From": [text]}), "")
        self.assertEqual(self.refusal({"Sender": ["sales@a.example"], "Resent-From": ["info@a.example"]}), "")

    def test_everybody_else_is_refused_however_it_is_written(self):
        refused = (
            *("ceo@a.example", "CEO@A.EXAMPLE", "ceo+info@a.example", "nobody@a.example", "info@b.a.example"),
            *("info@a.example, ceo@a.example", "Boss: ceo@a.example;", '"ceo@a.example" <info@a.example>'),
            *(
                "=?utf-8?q?ceo=40a.example?= <info@a.example>",
                "ceo(x)@(y)a.example",
                '"ceo"@a.example',
                "ceo @ a . example",
            ),
            *(
                "=?utf-8?b?Y2Vv77ygYS5leGFtcGxl?= <info@a.example>",
                '"c\\eo"@a.example',
                "ceo@a.example.",
                "x@bigbank.example",
            ),
            *(
                "info@a.example\r\n ,ceo@a.example",
                "<@relay.example:ceo@a.example>",
                "ceo@\uff41.example",
                "",
                "nobody",
            ),
        )
        for text in refused:
            with self.subTest(text):
                self.assertNotEqual(self.refusal({"From": [text]}), "")
        for header in ("Sender", "Resent-From", "Resent-Sender"):
            with self.subTest(header):
                self.assertIn(header, self.refusal({header: ["ceo@a.example"]}))
        self.assertNotEqual(self.refusal({"From": ["info@a.example", "ceo@a.example"]}), "")
        self.assertNotEqual(self.refusal({"From": ["info@a.example", "info@a.example"]}), "")

    def test_what_would_take_long_to_read_is_refused_at_once(self):
        def spent(size):
            began = time.process_time()
            for piece in ("a", "a.", "(", '"\\"', " @", "=?a?q?"):
                for header in senders.HEADERS:
                    text = piece * (size // len(piece))
                    self.assertRegex(self.refusal({header: [text]}), "has more than 1000 characters$")
            return time.process_time() - began

        # Thirty times the text; with its square it would be nine hundred times.
        self.assertLess(spent(60_000), max(spent(2_000), 0.02) * 100)
        self.assertIn("more than 10 headers", self.refusal({"Sender": ["info@a.example"] * 11}))

        # The longest that are read; nested comments are too deep for a parser.
        def read(size):
            began = time.process_time()
            for piece in ("a", "a.", "(", '"\\"', " @", "[", "=?a?q?"):
                text = piece * (size // len(piece))
                with contextlib.suppress(RecursionError):
                    self.refusal({"From": [text], "Sender": [text] * 10})
            return time.process_time() - began

        # Four times the text: with its square sixteen times.
        self.assertLess(read(999), max(read(250), 0.02) * 64)

    def test_where_a_forged_mail_would_be_sent_on_it_is_refused(self):
        self.declare(
            (*_ALIASES, ("out", "x@peer.example"), ("far", "out"), ("far", "info"), ("loop", "pool"), ("pool", "loop"))
        )
        with self.database() as connection:
            for recipient, out in (
                *(("info@a.example", False), ("info+tag@a.example", False), ("sales@a.example", False)),
                *(("both@a.example", False), ("loop@a.example", False), ("nobody@a.example", False)),
                *(("out@a.example", True), ("Out+tag@A.example", True), ("far@a.example", True)),
                ("SRS0=x=y=peer.example=z@mail.a.example", True),
            ):
                with self.subTest(recipient):
                    refused = senders.forwarding_refusal(connection, ["info@a.example", recipient])
                    self.assertEqual(bool(refused), out)

    def test_the_words_are_one_line_of_ascii(self):
        words = self.refusal({"From": ["chef\u00e9@a.example"]})
        self.assertTrue(words.isascii() and words.isprintable(), words)
        self.assertIn("info@a.example", words)

    def test_a_catch_all_gives_what_nobody_has(self):
        self.declare((*_ALIASES, ("", "info")))
        self.assertEqual(self.refusal({"From": ["anything@a.example"]}), "")
        self.assertNotEqual(self.refusal({"From": ["ceo@a.example"]}), "")

    def test_who_is_locked_writes_as_nobody_and_the_address_stays_taken(self):
        self.declare((*_ALIASES, ("", "ceo")))
        self.execute("UPDATE users SET locked = 1 WHERE email = 'info@a.example'")
        self.assertNotEqual(self.refusal({}), "")
        self.assertNotEqual(self.refusal({}, "ceo@a.example"), "")

    def test_aliases_that_lead_out_belong_to_nobody_and_loops_end(self):
        self.declare((*_ALIASES, ("out", "friend@else.example"), ("one", "two"), ("two", "one")))
        self.assertNotEqual(self.refusal({"From": ["out@a.example"]}), "")
        self.assertNotEqual(self.refusal({"From": ["one@a.example"]}), "")

    def test_a_new_alias_counts_at_once(self):
        self.assertNotEqual(self.refusal({"From": ["new@a.example"]}), "")
        self.declare((*_ALIASES, ("new", "info")))
        self.assertEqual(self.refusal({"From": ["new@a.example"]}), "")


class LocalRefusalTest(SendersTestCase):
    def local(self, headers, login="www-data"):
        with self.database() as connection:
            return senders.local_refusal(connection, login, headers)

    def test_a_program_may_use_its_own_name_roots_and_other_domains(self):
        for text in ("www-data@a.example", "root (Cron Daemon) <root@a.example>", "shop@else.example"):
            with self.subTest(text):
                self.assertEqual(self.local({"From": [text], "The sender": [""]}), "")

    def test_a_program_may_not_use_anybody_elses(self):
        for text in ("ceo@a.example", "www-data@b.a.example", '"ceo@a.example" <shop@else.example>'):
            with self.subTest(text):
                self.assertIn("587", self.local({"From": [text]}))
        self.assertIn("587", self.local({"From": ["shop@else.example"], "The sender": ["ceo@a.example"]}))
        self.assertIn("587", self.local({"From": ["root@a.example"]}, login=""))


class AnswerTest(SendersTestCase):
    def test_the_daemon_answers_questions_as_rspamd_asks_them(self):
        from mailstack.daemons import senders_server

        def refuse(**request):
            return senders_server.answer(request, str(self.path(DATABASE)))["refuse"]

        headers = {"From": ["ceo@a.example"]}
        self.assertIn("ceo@a.example", refuse(user="info@a.example", headers=headers))
        self.assertIn("587", refuse(uid=33, headers=headers))
        # Rspamd writes an empty table as an empty list.
        self.assertEqual((refuse(user="info@a.example", headers=[]), refuse(uid=33, headers=[])), ("", ""))


if __name__ == "__main__":
    unittest.main()
