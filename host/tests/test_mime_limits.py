"""What is refused before Rspamd parses it, and what is not."""

import base64
import time
import unittest

from mailstack.daemons import mime_limits
from mailstack.daemons.mime_limits import TooComplex, check


def parts(part, number, boundary=b"x", head=b'multipart/mixed; boundary="x"'):
    """Content-Type of a message, and its body."""
    return head, (b"--" + boundary + b"\r\n" + part + b"\r\n") * number + b"--" + boundary + b"--\r\n"


def nested(number):
    return b"Content-Type: message/rfc822\r\n\r\n" * number + b"Subject: in\r\n\r\nhello\r\n"


def encoded(data):
    return b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


def in_parts(number, between=b""):
    """Multiparts inside each other."""
    level = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' + between
    return b"".join(level.replace(b"%d", b"%d" % each) for each in range(number)) + b"\r\nhello\r\n"


class Case(unittest.TestCase):
    def counted(self, kind, body, encoding=b"7bit"):
        return check([(b"From", b"a@b"), (b"Content-Type", kind), (b"Content-transfer-encoding", encoding)], body)

    def refused(self, kind, body, words, encoding=b"7bit"):
        with self.assertRaisesRegex(TooComplex, words):
            self.counted(kind, body, encoding)


class Refused(Case):
    def test_messages_in_messages(self):
        for name, body, encoding in (
            ("plain", nested(100_000), b"7bit"),
            ("bare line feeds", nested(1_000).replace(b"\r\n", b"\n"), b"7bit"),
            ("bare carriage returns", nested(1_000).replace(b"\r\n", b"\r"), b"7bit"),
            ("folded", nested(1_000).replace(b": ", b":\r\n "), b"7bit"),
            ("other case", nested(1_000).upper(), b"7bit"),
            ("two kinds", nested(1_000).replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n"), b"7bit"),
            ("base64", base64.encodebytes(nested(1_000)), b"base64"),
            (
                "base64 with an end in the middle",
                base64.encodebytes(b"X-A: b\r\n") + base64.encodebytes(nested(1_000)),
                b"base64",
            ),
            ("base64 in base64", base64.encodebytes(encoded(encoded(nested(1_000)))), b"BASE64"),
            ("quoted", nested(1_000).replace(b"message", b"=6dessage"), b"quoted-printable"),
        ):
            with self.subTest(name):
                self.refused(b"message/rfc822", body, "inside each other", encoding)

    def test_an_encoding_that_a_message_may_not_have(self):
        self.refused(b"message/rfc822", nested(1), "not allowed", b"x-uuencode")

    def test_parts_in_parts(self):
        message = b"Content-Type: message/rfc822\r\n\r\n"
        self.refused(b'multipart/mixed; boundary="a"', b"--a\r\n" + in_parts(100), "inside each other")
        self.refused(b'multipart/mixed; boundary="a"', b"--a\r\n" + in_parts(50, message), "inside each other")

    def test_parts_in_signed_parts(self):
        binary = b"\x30\x80\x06\x09" + b"Content-Type: application/pkcs7-mime\r\n\r\n\x30\x80" * 100
        self.refused(b"application/pkcs7-mime", binary, "inside each other", b"binary")
        self.refused(b"application/x-pkcs7-mime", base64.encodebytes(binary), "inside each other", b"base64")

    def test_parts_side_by_side_however_their_boundary_is_told(self):
        for head in (
            b'multipart/mixed; boundary="x"',
            b"multipart/mixed;\r\n BOUNDARY=x",
            b"multipart/mixed; boundary*=us-ascii''%78",
            b"multipart/mixed; boundary*0=x",
            b'multipart/mixed; boundary="\\x"',
            b"multipart/mixed; boundary=other",
            b"multipart/mixed",
        ):
            with self.subTest(head):
                self.refused(*parts(b"\r\na", 3_000, head=head), "parts")
        self.refused(*parts(b"\r\na", 3_000, boundary=b"X"), "parts")

    def test_lines_and_headers(self):
        self.refused(*parts(b"\r\na", 30_000, boundary=b"other"), "lines that look like")
        self.refused(b"text/plain", b"--\r\n" * 300_000, "begin with two hyphens")
        self.refused(*parts(b"X-A: b\r\n" * 30_000 + b"\r\na", 1), "headers in parts")
        with self.assertRaisesRegex(TooComplex, "headers"):
            check([(b"X-A", b"b")] * 2_000, b"")
        with self.assertRaisesRegex(TooComplex, "headers of more than"):
            check([(b"X-A", b"b" * 50_000)] * 24, b"")

    def test_boundaries_and_ends_of_base64(self):
        self.refused(b"multipart/mixed" + b";boundary=a" * 3_000, b"--z\r\n" * 19_000, "boundaries of one part")
        self.refused(b"message/rfc822", b"a=\r\n" * 100_000, "ends in a message in base64", b"base64")

    def test_in_a_time_that_grows_with_the_size_alone(self):
        small, large = (
            self._seconds(nested(59) + b"--y\r\n" * 20_000 + b"a" * size) for size in (1_000_000, 10_000_000)
        )
        # Ten times the size; twice that, for what else the processor does.
        self.assertLess(large, max(small, 0.05) * 20)

    def _seconds(self, body):
        began = time.process_time()
        with self.assertRaises(TooComplex):
            self.counted(b"message/rfc822", body)
        return time.process_time() - began


class Mail(Case):
    def test_what_people_send(self):
        message = b"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\nhello"
        for name, kind, body, least in (
            ("text", b"text/plain", b"hello\r\n", 1),
            ("nothing", b"", b"", 1),
            ("300 parts", *parts(b"Content-Type: text/plain\r\n\r\na", 300), 301),
            ("a digest of 200", *parts(message, 200, head=b"multipart/digest; boundary=x"), 401),
            ("forwarded 20 times", b"message/rfc822", nested(19), 21),
            (
                "forwarded 20 times with a text",
                b'multipart/mixed; boundary="b0"',
                in_parts(20).partition(b"\r\n\r\n")[2],
                20,
            ),
            ("a patch", b"text/x-diff", b"--- a/file\r\n+++ b/file\r\n" * 10_000, 1),
            ("a table", b"text/plain", b"---- ---- ----\r\n" * 10_000, 1),
            ("25 MB", b"application/octet-stream", b"QUJD" * 6_000_000, 1),
            ("no boundary at all", b'multipart/mixed; boundary="x"', b"hello", 1),
            ("broken base64", b"message/rfc822", b"QUJ", 1),
        ):
            with self.subTest(name):
                self.assertGreaterEqual(self.counted(kind, body), least)

    def test_limits_leave_room(self):
        self.assertGreaterEqual(mime_limits.MAX_DEPTH, 2 * 20)
        self.assertGreaterEqual(mime_limits.MAX_PARTS, 4 * 200)
