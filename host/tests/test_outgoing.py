"""How mail leaves: a relay that is real enough to be met by TLS, and mail servers that are there or not."""

import base64
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from mailstack import outgoing, programs
from mailstack.checks import bad
from mailstack.checks import outgoing as checks
from mailstack.errors import MailstackError

USER, PASSWORD = "mail@example.org", "a p#ss:word"


class Server:
    """A relay on a free port of the loopback; it keeps every line that it is told outside of TLS."""

    def __init__(self, certificate, implicit=False, offers=("STARTTLS", "AUTH PLAIN")):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.implicit, self.offers = implicit, offers
        self.in_clear, self.logins = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk(connection)
            except OSError:
                continue
            finally:
                connection.close()

    def talk(self, connection):
        secure = self.implicit
        if secure:
            connection = self.context.wrap_socket(connection, server_side=True)
        connection.sendall(b"220 relay\r\n")
        lines = connection.makefile("rb")
        while line := lines.readline().decode().strip():
            word = line.split()[0].upper()
            if not secure:
                self.in_clear.append(line)
            if word == "EHLO":
                offers = [each for each in self.offers if each != "STARTTLS" or not secure]
                said = ["relay", *offers]
                connection.sendall(
                    "".join(f"250{'-' if n < len(said) - 1 else ' '}{x}\r\n" for n, x in enumerate(said)).encode()
                )
            elif word == "STARTTLS":
                connection.sendall(b"220 go\r\n")
                connection = self.context.wrap_socket(connection, server_side=True)
                lines, secure = connection.makefile("rb"), True
            elif word == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.logins.append(user)
                right = (user, password) == (USER, PASSWORD)
                connection.sendall(b"235 in\r\n" if right else b"535 5.7.8 no such login\r\n")
            else:
                connection.sendall(b"221 bye\r\n")


class Relay(unittest.TestCase):
    """Met as Postfix meets it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.good, cls.other, cls.stranger = (
            cls.certificate(name) for name in ("localhost", "elsewhere.example", "localhost")
        )
        (cls.folder / "trusted.pem").write_text(Path(cls.good).read_text() + Path(cls.other).read_text())

    @classmethod
    def certificate(cls, name):
        """Its own authority, with its key in the same file."""
        path = tempfile.mktemp(dir=cls.folder, suffix=".pem")
        request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        words = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", path + ".key", "-out", path]
        subprocess.run([*request, *words], check=True, capture_output=True)
        Path(path).write_text(Path(path).read_text() + Path(path + ".key").read_text())
        return path

    def setUp(self):
        environment = mock.patch.dict(
            os.environ, {"SSL_CERT_FILE": str(self.folder / "trusted.pem"), "SSL_CERT_DIR": "/none"}
        )
        environment.start()
        self.addCleanup(environment.stop)

    def relay(self, *words, **more):
        server = Server(*words, **more)
        self.addCleanup(server.listener.close)
        return server, outgoing.Relay("localhost", server.port, more.get("implicit", False))

    def test_a_trusted_relay_takes_the_login(self):
        for implicit in (False, True):
            with self.subTest(implicit=implicit):
                server, relay = self.relay(self.good, implicit=implicit)
                self.assertRegex(
                    outgoing.talk(relay, "mail.example.org", (USER, PASSWORD)), rf"^localhost:{relay.port}, TLS"
                )
                self.assertEqual(server.logins, [USER])

    def test_without_a_login_nobody_logs_in(self):
        server, relay = self.relay(self.good)
        outgoing.talk(relay, "mail.example.org")
        self.assertEqual(server.logins, [])

    def test_what_is_wrong_is_said_and_no_password_goes_there(self):
        for what, words, more in (
            ("is not trusted, mail waits: self.signed certificate", (self.stranger,), {}),
            ("is not trusted, mail waits: self.signed certificate", (self.stranger,), {"implicit": True}),
            ("is not trusted, mail waits: Hostname mismatch", (self.other,), {}),
            ("offers no TLS, mail waits", (self.good,), {"offers": ("AUTH PLAIN",)}),
            ("offers no login, mail waits", (self.good,), {"offers": ("STARTTLS",)}),
        ):
            with self.subTest(what):
                server, relay = self.relay(*words, **more)
                with self.assertRaisesRegex(MailstackError, what):
                    outgoing.talk(relay, "mail.example.org", (USER, PASSWORD))
                self.assertEqual(server.logins, [])
                self.assertNotIn("AUTH", " ".join(server.in_clear))

    def test_a_refused_login_is_said_in_the_relays_words_without_the_password(self):
        _, relay = self.relay(self.good)
        with self.assertRaises(MailstackError) as caught:
            outgoing.talk(relay, "mail.example.org", (USER, "wrong-password"))
        self.assertIn("refuses the login, mail waits: 535 5.7.8 no such login", caught.exception.message)
        self.assertNotIn("wrong-password", caught.exception.message)

    def test_a_port_that_the_provider_blocks_is_named(self):
        with mock.patch.object(outgoing.smtplib, "SMTP", side_effect=TimeoutError("timed out")):
            for port, advised in ((587, True), (2525, False)):
                with self.assertRaises(MailstackError) as caught:
                    outgoing.talk(outgoing.Relay("smtp.example.com", port, False), "mail.example.org")
                self.assertIn("cannot be reached, mail waits: timed out", caught.exception.message)
                self.assertEqual("Linode blocks port 587" in caught.exception.message, advised)


class Waiting(unittest.TestCase):
    """What the queue says."""

    def reasons(self, *reasons):
        lines = [json.dumps({"recipients": [{"address": "a@b.example", "delay_reason": each}]}) for each in reasons]
        return mock.patch.object(outgoing, "run", lambda *_: programs.Result(0, "\n".join(lines), ""))

    def test_only_a_refused_login_counts(self):
        with self.reasons("connect to a.example[192.0.2.1]:25: Connection timed out"):
            self.assertEqual(outgoing.refused_logins(), "")
        refused = "SASL authentication failed; server r.example[192.0.2.1] said: 535 Incorrect authentication data"
        with self.reasons(refused, refused):
            text = "refuses the login, 2 recipients wait: 535 Incorrect authentication data"
            self.assertEqual(outgoing.refused_logins(), text)
        with self.reasons(
            "SASL authentication failed; cannot authenticate to server r[192.0.2.1]: no mechanism available"
        ):
            self.assertIn("no mechanism available", outgoing.refused_logins())


class Port25(unittest.TestCase):
    """Whether other mail servers can be reached."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.dict(os.environ, {"MAILSTACK_ROOT": str(self.root)}))

    def declare(self, **change):
        path = Path(str(self.root) + outgoing.FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"probeDomain": "far.example", "ipv6": True} | change))

    def servers(self, *addresses):
        return mock.patch.object(outgoing, "_exchangers", lambda *_: [("mx.far.example", each) for each in addresses])

    def test_one_server_that_answers_is_enough(self):
        with socket.create_server(("127.0.0.1", 0)) as server, self.servers("127.0.0.2", "127.0.0.1"):
            self.assertEqual(outgoing.probe("far.example", True, server.getsockname()[1]), "mx.far.example")
            closed = server.getsockname()[1]
        with (
            self.servers("127.0.0.1"),
            self.assertRaisesRegex(MailstackError, "^port 25 is blocked: .*deliverability.md"),
        ):
            outgoing.probe("far.example", True, closed)

    def test_a_blocked_port_is_a_warning_and_an_open_one_is_believed_for_a_while(self):
        self.declare()
        with mock.patch.object(checks, "probe", side_effect=MailstackError("port 25 is blocked")):
            with self.assertRaisesRegex(bad.Warn, "port 25 is blocked"):
                checks.port_25("")
            with mock.patch.object(checks, "probe", lambda *_: "mx.far.example"):
                self.assertEqual(checks.port_25(""), "open: mx.far.example answers")
            self.assertEqual(checks.port_25(""), "open, as seen at far.example")
            self.declare(probeDomain="other.example")
            with self.assertRaises(bad.Warn):
                checks.port_25("")

    def test_nobody_looks_where_it_does_not_matter(self):
        self.assertEqual(checks.port_25(""), "off")
        self.declare(probeDomain="")
        self.assertEqual(checks.port_25(""), "off")
        relay = {"host": "r.example", "port": 2525, "implicitTls": False}
        self.declare(relay=relay | {"domains": []})
        self.assertEqual(checks.port_25(""), "not needed: all mail goes to r.example:2525")
        self.declare(relay=relay | {"domains": ["example.org"]})
        with mock.patch.object(checks, "probe", lambda *_: "mx.far.example"):
            self.assertEqual(checks.port_25(""), "open: mx.far.example answers")

    def test_who_deploys_is_told_once_of_all(self):
        relay = {"host": "r.example", "port": 2525, "implicitTls": False, "domains": ["example.org"]}
        self.declare(relay=relay)
        path = Path(str(self.root) + "/etc/postfix/relay_password")
        path.parent.mkdir(parents=True)
        path.write_text(f"# a comment\n[r.example]:2525 {USER}:{PASSWORD}\n")
        seen = []

        def talk(relay, name, login):
            seen.append((str(relay), name, login))
            raise MailstackError("r.example:2525 refuses the login")

        with (
            mock.patch.object(outgoing, "talk", talk),
            mock.patch.object(outgoing, "probe", side_effect=MailstackError("x")),
        ):
            problems = outgoing.look("mail.example.org")["problems"]
        self.assertEqual(seen, [("r.example:2525", "mail.example.org", (USER, PASSWORD))])
        self.assertEqual(
            problems, ["mailstack:relayHost: r.example:2525 refuses the login", "mailstack:portProbeDomain: x"]
        )
