"""Answers to mail programs that set themselves up: as nginx asks, a request on standard input."""

import plistlib
import socket
import subprocess
import sys
import unittest
import unittest.mock
from xml.etree import ElementTree

from mailstack.daemons import apple_profile, autoconfig, autodiscover
from tests.harness import HOST

HOSTNAME, DOMAINS = "mail.example.org", ["example.org", "example.net"]
SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
OUTLOOK = f"{{{SCHEMA}}}"


def posted(address, schema=SCHEMA):
    return (
        f"<A><R><EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></R></A>"
    )


def ask(request):
    """The whole HTTP answer: headers, body."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(request)
        ours.shutdown(socket.SHUT_WR)
        autoconfig.serve(theirs, HOSTNAME, DOMAINS)
        theirs.close()
        answer = b""
        while piece := ours.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


class Autodiscover(unittest.TestCase):
    def test_each_server_with_the_address_in_lower_case(self):
        root = ElementTree.fromstring(autodiscover.answer(posted(" CEO@Example.NET "), HOSTNAME, DOMAINS).encode())
        found = [
            tuple(protocol.findtext(OUTLOOK + name) for name in ("Type", "Server", "Port", "LoginName"))
            for protocol in root.iter(f"{OUTLOOK}Protocol")
        ]
        self.assertEqual([each[0] for each in found], ["IMAP", "POP3", "SMTP"])
        self.assertEqual({each[1] for each in found}, {HOSTNAME})
        self.assertEqual([each[2] for each in found], ["993", "995", "465"])
        self.assertEqual({each[3] for each in found}, {"ceo@example.net"})

    def test_what_is_no_address_of_ours_gets_an_error_and_none_of_its_own_text(self):
        for address in (
            "ceo@else.example",
            "ceo@sub.example.org",
            "@example.org",
            "a b@example.org",
            "x" * 65 + "@example.org",
            "ceo@example.org&lt;",
            "",
        ):
            with self.subTest(address=address):
                said = autodiscover.answer(posted(address), HOSTNAME, DOMAINS)
                self.assertIn("<ErrorCode>500</ErrorCode>", said)
                self.assertNotIn("ceo", said)

    def test_another_schema_is_refused(self):
        said = autodiscover.answer(posted("ceo@example.org", "http://mobilesync"), HOSTNAME, DOMAINS)
        self.assertIn("<ErrorCode>601</ErrorCode>", said)


class Requests(unittest.TestCase):
    def test_a_post_is_answered_whole_and_not_kept(self):
        text = posted("ceo@example.org").encode()
        head, body = ask(
            b"POST /autodiscover/autodiscover.xml HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        )
        self.assertIn(" 200 ", head.splitlines()[0])
        self.assertIn("Cache-Control: no-store", head)
        self.assertIn(f"Content-Length: {len(body)}", head)
        self.assertIn(b"ceo@example.org", body)

    def test_a_get_is_no_question_for_autodiscover(self):
        _, body = ask(b"GET /autodiscover/autodiscover.xml HTTP/1.0\r\n\r\n")
        self.assertIn(b"<ErrorCode>600</ErrorCode>", body)

    def test_no_profile_for_a_strange_address(self):
        head, body = ask(b"GET /mail.mobileconfig?address=ceo%40else.example HTTP/1.0\r\n\r\n")
        self.assertIn(" 404 ", head.splitlines()[0])
        self.assertNotIn(b"else.example", body)

    def test_a_profile_is_signed_for_the_address(self):
        with unittest.mock.patch.object(apple_profile, "signed", lambda address, host: f"{address} {host}".encode()):
            head, body = ask(b"GET /mail.mobileconfig?address=CEO%40example.org HTTP/1.0\r\n\r\n")
        self.assertIn("application/x-apple-aspen-config", head)
        self.assertEqual(body, b"ceo@example.org mail.example.org")

    def test_the_command_takes_its_socket_from_standard_input(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"GET /other HTTP/1.0\r\n\r\n")
            words = ["autoconfig", "--hostname", HOSTNAME, "--domain", DOMAINS[0]]
            subprocess.run(
                [sys.executable, "-S", "-m", "mailstack", *words],
                stdin=theirs,
                cwd=HOST,
                check=True,
                timeout=60,
            )
            theirs.close()
            self.assertIn(b"<ErrorCode>600</ErrorCode>", ours.makefile("rb").read())


class Profile(unittest.TestCase):
    def test_the_same_for_the_same_address(self):
        first, second, other = (
            plistlib.dumps(apple_profile.profile(name, HOSTNAME)) for name in ("a@b.c", "a@b.c", "x@b.c")
        )
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)

    def test_both_servers_by_tls(self):
        [account] = plistlib.loads(plistlib.dumps(apple_profile.profile("a@b.c", HOSTNAME)))["PayloadContent"]
        self.assertEqual((account["IncomingMailServerPortNumber"], account["OutgoingMailServerPortNumber"]), (993, 465))
        self.assertTrue(account["IncomingMailServerUseSSL"] and account["OutgoingMailServerUseSSL"])
