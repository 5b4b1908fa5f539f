"""How alerts leave: to real servers on this machine, by HTTPS and by SMTP."""

import contextlib
import email
import email.policy
import http.server
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

from mailstack import programs
from mailstack.alerts import addresses, delivery, https, mail, messages
from mailstack.alerts.conditions import CRITICAL, Change
from mailstack.alerts.settings import Settings
from mailstack.alerts.state import State
from mailstack.alerts.undelivered import NotNow, Undelivered

NAME = "alerts.example"
HERE = {NAME: ["127.0.0.1"]}


class Certified(unittest.TestCase):
    """A certificate for NAME, and whoever trusts it."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.pem = f"{self.folder}/pem"
        words = f"-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={NAME} -addext subjectAltName=DNS:{NAME}".split()
        made = ["openssl", "req", *words, "-keyout", f"{self.folder}/key", "-out", f"{self.folder}/crt"]
        subprocess.run(made, check=True, capture_output=True)
        self.enterContext(mock.patch.dict(os.environ, {"SSL_CERT_FILE": f"{self.folder}/crt"}))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{self.folder}/crt", f"{self.folder}/key")
        # The name is in no DNS.
        self.enterContext(mock.patch.object(addresses.socket, "getaddrinfo", self.look_up))

    def look_up(self, host, *_words, **_more):
        if host.replace(".", "").isdigit():
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, _words[0] if _words else 0))]
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


class Https(Certified):
    """A server whose answers each test chooses."""

    def setUp(self):
        super().setUp()
        self.requests = []
        self.answers = {}
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                case.requests.append((self.command, self.path, dict(self.headers), body.decode()))
                answer = case.answers.get(self.path, 200)
                if answer == "silence":
                    case.enough.wait(60)
                    return
                self.send_response(answer)
                self.send_header("Location", "https://elsewhere.example/")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_words):
                pass

        self.enough = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.enough.set)
        self.port = self.server.server_address[1]

    def url(self, path, name=NAME):
        return f"https://{name}:{self.port}{path}"

    def paths(self):
        return [path for _, path, _, _ in self.requests]

    def refused(self, url, known=HERE, seconds=20):
        with self.assertRaises(Undelivered) as caught:
            https.request(url, known, time.monotonic() + seconds, b"{}")
        return str(caught.exception)

    def test_a_server_is_found_by_what_is_remembered_when_no_resolver_answers(self):
        https.request(self.url("/a?b=c"), HERE, time.monotonic() + 20)
        self.assertEqual(self.requests[0][:2], ("GET", "/a?b=c"))
        self.assertEqual(self.requests[0][2]["Host"], f"{NAME}:{self.port}")
        self.assertIn("name resolution", self.refused(self.url("/a"), {}))

    def test_a_login_in_the_url_is_sent_as_such(self):
        https.request(self.url("/").replace("//", "//me:p%40ss@"), HERE, time.monotonic() + 20)
        self.assertEqual(self.requests[0][2]["Authorization"], "Basic bWU6cEBzcw==")

    def test_any_other_answer_is_a_refusal_without_the_url(self):
        for code, words in ((403, "answered 403 Forbidden"), (500, "answered 500"), (302, "answered 302 Found")):
            self.answers["/secret"] = code
            self.assertIn(words, self.refused(self.url("/secret")))
            self.assertNotIn("secret", self.refused(self.url("/secret")))
        self.assertEqual(len(self.requests), 6)

    def test_a_certificate_for_another_name_is_not_taken(self):
        said = self.refused(self.url("/secret", "other.example"), {"other.example": ["127.0.0.1"]})
        self.assertIn("certificate is not valid", said)
        self.assertEqual(self.requests, [])

    def test_nobody_there_and_nobody_who_answers(self):
        self.answers["/x"] = "silence"
        self.assertEqual(self.refused(self.url("/x"), seconds=1), "did not answer in time")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.assertEqual(self.refused(f"https://{NAME}:{port}/x"), "Connection refused")

    def settings(self, *names, mail=()):
        return Settings("mail.example.org", list(mail), list(mail), {f"{x}-url": self.url(f"/{x}") for x in names})

    def story(self, *names, mail=()):
        wanted = self.settings(*names, mail=mail)
        return wanted, State(addresses=HERE)

    def message(self, now=1000.0):
        return messages.compose("mail.example.org", [Change("disk", "new", CRITICAL, "full <&> \u00fc", now)], {}, now)

    def test_each_channel_gets_its_own_form(self):
        wanted, known = self.story("webhook", "slack", "ntfy")
        delivery.enqueue(known, wanted, self.message())
        delivery.deliver(known, wanted, set(), 1000.0)
        self.assertEqual(known.outbox, [])
        got = {path: (headers, body) for _, path, headers, body in self.requests}
        webhook = json.loads(got["/webhook"][1])
        self.assertEqual(
            (webhook["host"], webhook["check"], webhook["state"]), ("mail.example.org", "disk", "critical")
        )
        self.assertEqual((webhook["detail"], webhook["since"]), ("full <&> \u00fc", "1970-01-01T00:16:40Z"))
        self.assertIn("BAD: disk: full &lt;&amp;&gt; \u00fc", json.loads(got["/slack"][1])["text"])
        headers, body = got["/ntfy"]
        self.assertEqual((headers["Title"], headers["Priority"]), ("[mail.example.org] BAD: disk", "urgent"))
        self.assertIn("full <&> \u00fc", body)

    def test_what_one_channel_refuses_is_tried_there_alone_until_it_is_taken(self):
        wanted, known = self.story("webhook", "slack")
        self.answers["/slack"] = 503
        delivery.enqueue(known, wanted, self.message())
        for minute in range(5):
            delivery.deliver(known, wanted, set(), 1000.0 + 60 * minute)
            self.assertEqual(known.failing["slack"], {"since": 1000.0, "message": "answered 503 Service Unavailable"})
        self.assertEqual((self.paths().count("/webhook"), self.paths().count("/slack")), (1, 5))
        self.answers.clear()
        delivery.deliver(known, wanted, set(), 1400.0)
        delivery.deliver(known, wanted, set(), 1460.0)
        self.assertEqual((self.paths().count("/webhook"), self.paths().count("/slack")), (1, 6))
        self.assertEqual((known.outbox, known.failing), ([], {}))

    def test_after_an_hour_it_is_tried_less_often_and_given_up_after_a_day(self):
        wanted, known = self.story("slack")
        self.answers["/slack"] = 410
        delivery.enqueue(known, wanted, self.message())
        for minute in range(24 * 60):
            delivery.deliver(known, wanted, set(), 1000.0 + 60 * minute)
        self.assertEqual(len(self.requests), 62 + 91)
        delivery.deliver(known, wanted, set(), 1000.0 + 86400)
        self.assertEqual(known.outbox, [])

    def test_messages_stay_in_order_and_a_slow_channel_keeps_no_other_waiting(self):
        wanted, known = self.story("webhook", "slack")
        self.answers["/slack"] = "silence"
        for now in (1000.0, 1060.0):
            delivery.enqueue(known, wanted, self.message(now))
        with mock.patch.object(delivery, "_DEADLINE_SECONDS", 1.5):
            delivery.deliver(known, wanted, set(), 1060.0)
        self.assertEqual(self.paths().count("/webhook"), 2)
        self.assertEqual([set(each["pending"]) for each in known.outbox], [{"slack"}, {"slack"}])
        self.assertRegex(known.failing["slack"]["message"], "in time")
        times = [json.loads(body)["since"] for _, path, _, body in self.requests if path == "/webhook"]
        self.assertEqual(times, sorted(times))

    def test_a_channel_that_is_taken_away_has_nothing_left_to_get(self):
        wanted, known = self.story("slack")
        self.answers["/slack"] = 403
        delivery.enqueue(known, wanted, self.message())
        delivery.deliver(known, wanted, set(), 1000.0)
        delivery.deliver(known, Settings("mail.example.org", [], [], {}), set(), 1060.0)
        self.assertEqual((known.outbox, known.failing), ([], {}))

    def test_mail_of_this_host_waits_for_postfix_and_nobody_is_told_that(self):
        wanted, known = self.story(mail=["admin@example.org"])
        delivery.enqueue(known, wanted, self.message())
        delivery.deliver(known, wanted, {"queue", "rspamd", "mail guard"}, 1000.0)
        self.assertEqual((len(known.outbox), known.failing), (1, {}))
        calls = []
        ran = mock.patch.object(mail, "run", lambda *words: calls.append(words) or programs.Result(0, "", ""))
        with ran:
            delivery.deliver(known, wanted, set(mail.LOCAL_WAY), 1060.0)
        self.assertEqual(known.outbox, [])
        self.assertEqual(calls[0][0][-3:], ["root@mail.example.org", "--", "admin@example.org"])
        self.assertIn("Subject: [mail.example.org] BAD: disk", calls[0][2])


class Smtp(Certified):
    """A mail server that answers as each test wants."""

    def setUp(self):
        super().setUp()
        self.got = []
        self.answers = {}
        self.offers = b"250-peer.example\r\n250 STARTTLS\r\n"
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        threading.Thread(target=self.serve, daemon=True).start()
        self.enterContext(mock.patch.object(mail, "_PORT", self.server.getsockname()[1]))
        self.enterContext(mock.patch.object(addresses, "mail_servers", lambda *_: self.servers))
        self.servers = [NAME]

    def serve(self):
        while True:
            try:
                session, _ = self.server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError, ssl.SSLError):
                self.talk(session)
            session.close()

    def talk(self, session):
        session.sendall(b"220 hello\r\n")
        lines = session.makefile("rb")
        for line in lines:
            word = line[:4].upper().strip().decode()
            if word in self.answers:
                session.sendall(self.answers[word])
            elif word == "EHLO":
                session.sendall(self.offers)
            elif word == "STAR":
                session.sendall(b"220 go\r\n")
                with self.context.wrap_socket(session, server_side=True) as secured:
                    self.talk_on(secured, "TLS")
                return
            else:
                self.answer(session, lines, word, "clear")

    def talk_on(self, session, how):
        lines = session.makefile("rb")
        for line in lines:
            word = line[:4].upper().strip().decode()
            if word == "EHLO":
                session.sendall(b"250 peer.example\r\n")
            elif word in self.answers:
                session.sendall(self.answers[word])
            else:
                self.answer(session, lines, word, how)

    def answer(self, session, lines, word, how):
        if word != "DATA":
            session.sendall(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
            return
        session.sendall(b"354 go\r\n")
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            content += lines.readline()
        self.got.append((how, content[:-3]))
        session.sendall(b"250 taken\r\n")

    def send(self, well=False, local=False, known=HERE):
        message = messages.compose("mail.example.org", [Change("smtp 25", "new", CRITICAL, "gone", 1000.0)], {}, 1000.0)
        way = mail.Way(local, well, known, time.monotonic() + 20)
        mail.send(message, "friend@peer.example", "mail.example.org", way)

    def test_without_postfix_it_goes_straight_to_the_other_server_by_tls(self):
        self.send()
        how, content = self.got[0]
        self.assertEqual(how, "TLS")
        got = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual(got["Subject"], "[mail.example.org] BAD: smtp 25")
        self.assertEqual((got["From"], got["To"]), ("Mailstack <root@mail.example.org>", "friend@peer.example"))
        self.assertEqual(got["Auto-Submitted"], "auto-generated")
        self.assertRegex(got["Message-ID"], r"^<[0-9a-f]{16}\.alert@mail\.example\.org>$")
        self.assertIn("BAD: smtp 25: gone", got.get_content())

    def test_a_certificate_that_proves_nothing_is_better_than_none(self):
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": "/dev/null"}):
            self.send()
        self.assertEqual([how for how, _ in self.got], ["TLS"])

    def test_a_server_without_tls_gets_it_in_clear(self):
        self.offers = b"250 peer.example\r\n"
        self.send()
        self.assertEqual([how for how, _ in self.got], ["clear"])

    def test_a_good_bye_that_goes_wrong_is_no_reason_to_send_it_again(self):
        self.answers["QUIT"] = b"421 too busy\r\n"
        self.send()
        self.assertEqual(len(self.got), 1)

    def test_the_next_server_gets_what_the_first_does_not_take(self):
        self.servers = ["dead.example", NAME]
        self.send(known=HERE | {"dead.example": ["127.0.0.2"]})
        self.assertEqual(len(self.got), 1)

    def test_a_refusal_is_told_in_the_servers_words(self):
        self.answers["RCPT"] = b"451 4.7.1 greylisted\r\n"
        with self.assertRaisesRegex(Undelivered, "alerts.example answers 451 4.7.1 greylisted"):
            self.send()
        self.servers = []
        with self.assertRaisesRegex(Undelivered, "peer.example takes no mail"):
            self.send()

    def test_postfix_is_used_while_it_is_well_and_not_beside_it(self):
        with mock.patch.object(mail, "run", lambda *_: programs.Result(0, "", "")):
            self.send(well=True)
        self.assertEqual(self.got, [])
        with mock.patch.object(mail, "run", lambda *_: programs.Result(75, "", "postdrop: no room")):
            self.send(well=True)
            self.assertEqual(len(self.got), 1)
            with self.assertRaisesRegex(Undelivered, "no room"):
                self.send(well=True, local=True)
        with self.assertRaises(NotNow):
            self.send(local=True)
