"""Text messages: what is sent to whom, and what is told of a refusal. The server behaves as Twilio's does."""

import base64
import http.server
import json
import re
import threading
import unittest
from unittest import mock
from urllib.parse import parse_qs

from mailstack.alerts import conditions, delivery, messages
from mailstack.alerts.conditions import CRITICAL, OK, WARNING, Change
from mailstack.alerts.settings import Settings, Sms
from mailstack.alerts.state import State

from .test_alerts_delivery import HERE, NAME, Certified

ACCOUNT, TOKEN = "AC" + "0a" * 16, "1b" * 16
FROM, TO, OTHER, WRONG = "+15005550006", "+491711234567", "+254712345678", "+15005550001"


class Twilio(Certified):
    def setUp(self):
        super().setUp()
        self.sent = []
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = case.answer(self.path, self.headers, body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = self.context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.port = server.server_address[1]
        self.known = State(addresses=HERE)

    def answer(self, path, headers, body):
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if headers["Authorization"] != f"Basic {login}":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        if path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return 404, {"code": 20404, "message": "The requested resource was not found", "status": 404}
        form = {name: values[0] for name, values in parse_qs(body, strict_parsing=True).items()}
        if headers["Content-Type"] != "application/x-www-form-urlencoded" or "Body" not in form:
            return 400, {"code": 21602, "message": "Message body is required.", "status": 400}
        if not form.get("From", "+").startswith("+") or ("From" in form) == ("MessagingServiceSid" in form):
            return 400, {"code": 21603, "message": "A 'From' phone number is required.", "status": 400}
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form.get("To", "")) or form["To"] == WRONG:
            return 400, {"code": 21211, "message": "Invalid 'To' Phone Number: +1500555XXXX", "status": 400}
        self.sent.append(form)
        return 201, {"sid": "SM" + "0" * 32, "status": "queued", "error_code": None}

    def wanted(self, *to, token=TOKEN, sender=FROM):
        sms = Sms(ACCOUNT, sender, list(to), f"{NAME}:{self.port}", token)
        return Settings("mail.example.org", [], [], {}, sms)

    def tell(self, wanted, *changes, now=1000.0):
        delivery.enqueue(self.known, wanted, messages.compose("mail.example.org", list(changes), {}, now))
        delivery.deliver(self.known, wanted, set(), now)

    def problems(self):
        return {name: each["message"] for name, each in self.known.failing.items()}

    def test_each_number_gets_the_form_that_twilio_takes(self):
        self.tell(self.wanted(TO, OTHER), Change("disk", "new", CRITICAL, "full", 1000.0))
        body = "mail.example.org: BAD: disk"
        wanted = [{"To": number, "From": FROM, "Body": body} for number in sorted((OTHER, TO))]
        self.assertEqual(sorted(self.sent, key=lambda form: form["To"]), wanted)
        self.assertEqual((self.known.outbox, self.known.failing), ([], {}))

    def test_a_messaging_service_is_named_as_such(self):
        service = "MG" + "2c" * 16
        self.tell(self.wanted(TO, sender=service), Change("disk", "new", CRITICAL, "full", 1000.0))
        self.assertEqual(self.sent[0].get("MessagingServiceSid"), service)
        self.assertNotIn("From", self.sent[0])

    def test_a_wrong_token_is_told_in_twilios_words_and_not_repeated(self):
        self.tell(self.wanted(TO, token="9d" * 16), Change("disk", "new", CRITICAL, "full", 1000.0))
        self.assertEqual(self.problems(), {f"sms to {TO}": "answered 401 Unauthorized: 20003 Authenticate"})
        self.assertNotIn("9d" * 16, repr(self.known) + repr(self.wanted(TO, token="9d" * 16)))

    def test_a_server_that_repeats_the_token_is_not_quoted(self):
        said = {"code": 1, "message": f"no account has {TOKEN}"}
        with mock.patch.object(self, "answer", return_value=(400, said)):
            self.tell(self.wanted(TO), Change("disk", "new", CRITICAL, "full", 1000.0))
        self.assertEqual(self.problems(), {f"sms to {TO}": "answered 400 Bad Request"})

    def test_a_number_that_is_refused_is_tried_alone_again(self):
        wanted = self.wanted(TO, WRONG)
        self.tell(wanted, Change("disk", "new", CRITICAL, "full", 1000.0))
        delivery.deliver(self.known, wanted, set(), 1060.0)
        said = "answered 400 Bad Request: 21211 Invalid 'To' Phone Number: +1500555XXXX"
        self.assertEqual(self.problems(), {f"sms to {WRONG}": said})
        self.assertEqual([form["To"] for form in self.sent], [TO])

    def test_only_what_is_critical_or_was_is_sent(self):
        wanted = self.wanted(TO)
        self.tell(wanted, Change("upgrades", "new", WARNING, "x", 1.0))
        self.tell(wanted, Change("upgrades", "over", OK, "x", 1.0, 60.0, WARNING))
        self.assertEqual((self.sent, self.known.outbox), ([], []))
        self.tell(wanted, Change("disk", "new", CRITICAL, "x", 1.0), Change("upgrades", "new", WARNING, "x", 1.0))
        self.tell(wanted, Change("disk", "over", OK, "x", 1.0, 60.0, CRITICAL))
        bodies = [form["Body"] for form in self.sent]
        self.assertEqual(bodies, ["mail.example.org: BAD: disk", "mail.example.org: ok again: disk"])


class Levels(unittest.TestCase):
    def story(self, *levels):
        known, told = {}, []
        for minute, level in enumerate(levels):
            told += conditions.decide(known, [conditions.Seen("disk", level, "x")], 60.0 * minute)
        return [(change.kind, change.level, change.critical) for change in told]

    def test_the_end_of_a_critical_fault_is_known_as_such(self):
        self.assertEqual(self.story(*[CRITICAL] * 3, OK, OK), [("new", CRITICAL, True), ("over", OK, True)])
        self.assertEqual(self.story(*[WARNING] * 3, OK, OK), [("new", WARNING, False), ("over", OK, False)])
        better = self.story(*[CRITICAL] * 3, *[WARNING] * 2, OK, OK)
        self.assertEqual([critical for _, _, critical in better], [True, True, False])


class Text(unittest.TestCase):
    def text(self, *names, host="mail.example.org"):
        changes = [Change(name, "new", CRITICAL, "x", 0) for name in names]
        return messages.compose(host, changes, {}, 0)["sms"]

    def test_it_is_one_short_line_of_letters_that_every_phone_has(self):
        self.assertEqual(self.text("a\nb\u00fc\u20ac{`"), "mail.example.org: BAD: a b????")
        self.assertEqual(self.text("a", "b", "c", "d", "e"), "mail.example.org: BAD: a, b, c, d and 1 more")
        long = self.text("y" * 400)
        self.assertEqual((len(long), long[-5:]), (300, "y ..."))
