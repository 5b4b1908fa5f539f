"""Lines that SMTP does not carry, made to fit."""

import email
import email.message
import unittest
from email import policy

from mailstack.daemons import long_lines
from mailstack.daemons.long_lines import Unfit, fit

TEXT = "Gr\u00fc\u00dfe und W\u00f6rter " * 200
HTML = "<p>" + "word " * 800 + "</p>"
SOURCE = bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") * 8


def head(*lines: str) -> list[tuple[bytes, bytes]]:
    names = [line.partition(": ") for line in lines]
    return [(name.encode(), value.encode()) for name, _, value in names]


def reads(before: list[tuple[bytes, bytes]], body: bytes) -> email.message.EmailMessage:
    """The message after the changes, as its reader takes it."""
    changes = fit(before, body)
    assert changes.body is not None
    headers = dict(before)
    names = {name.lower(): name for name in headers}
    for name, _, value in changes.headers:
        headers[names.get(name.lower(), name)] = value
    top = b"".join(name + b": " + value + b"\r\n" for name, value in headers.items())
    return email.message_from_bytes(top + b"\r\n" + changes.body, policy=policy.default)  # type: ignore[return-value]


class LongLines(unittest.TestCase):
    def test_a_message_that_fits_stays(self) -> None:
        self.assertEqual(fit(head("Subject: x"), b"y" * 998 + b"\r\n"), ([], None))

    def test_text_is_encoded_and_reads_the_same(self) -> None:
        for kind, text in (("plain", TEXT), ("html", HTML)):
            before = head(
                "MIME-Version: 1.0", f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: 8bit"
            )
            message = reads(before, text.encode() + b"\r\nend\r\n")
            self.assertEqual(message["Content-Transfer-Encoding"], "quoted-printable")
            self.assertEqual(message.get_content().replace("\r\n", "\n"), f"{text}\nend\n")

    def test_text_without_mime_headers_gets_them(self) -> None:
        message = reads(head("Subject: x"), TEXT.encode() + b"\r\n")
        self.assertEqual(message["MIME-Version"], "1.0")
        self.assertEqual(message.get_content_charset(), "utf-8")
        self.assertEqual(message.get_content().strip(), TEXT.strip())
        self.assertEqual(reads(head("Subject: x"), b"z" * 2000).get_content().strip(), "z" * 2000)

    def test_base64_and_quoted_printable_in_one_line_get_shorter_ones(self) -> None:
        import base64
        import quopri

        encoded = base64.b64encode(SOURCE)
        before = head("Content-Type: application/zip", "Content-Transfer-Encoding: BASE64", "MIME-Version: 1.0")
        self.assertEqual(reads(before, encoded + b"\r\n").get_content(), SOURCE)
        before = head(
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "MIME-Version: 1.0",
        )
        body = quopri.encodestring(TEXT.encode()).replace(b"=\n", b"") + b"\r\n"
        self.assertEqual(reads(before, body).get_content().strip(), TEXT.strip())

    def test_other_parts_stay_as_they_are(self) -> None:
        other = b"--B\r\nContent-Type: text/plain\r\n\r\n short  \r\n\t\r\n"
        body = other + b"--B\r\nContent-Type: application/x-any\r\n\r\n" + b"a" * 5000 + b"\r\n--B--\r\n"
        before = head('Content-Type: multipart/mixed; boundary="B"', "MIME-Version: 1.0")
        changes = fit(before, body)
        self.assertEqual(changes.headers, [])
        self.assertTrue((changes.body or b"").startswith(other))
        parts = list(reads(before, body).iter_parts())
        self.assertEqual(parts[1].get_content(), b"a" * 5000)

    def test_what_its_author_has_signed_is_refused(self) -> None:
        inner = (
            b"--S\r\nContent-Type: text/plain\r\n\r\n"
            + b"a" * 999
            + b"\r\n--S\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--S--\r\n"
        )
        with self.assertRaisesRegex(Unfit, "signed"):
            fit(head("MIME-Version: 1.0", "Content-Type: multipart/signed; boundary=S"), inner)

    def test_text_between_parts_goes_and_a_boundary_that_is_too_long_is_refused(self) -> None:
        before = head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=B")
        body = b"p" * 2000 + b"\r\n--B\r\n\r\nhello\r\n--B--\r\n" + b"e" * 2000 + b"\r\n"
        self.assertFalse(long_lines.too_long(fit(before, body).body or b""))
        inner = b"--B\r\nX-Long: " + b"a" * 2000 + b"\r\n\r\nhello\r\n--B--\r\n"
        with self.assertRaises(Unfit):
            fit(before, inner)

    def test_long_headers_are_folded_where_white_space_is(self) -> None:
        value = " ".join(f"<reference.{number}@example.org>" for number in range(200))
        changes = fit(head("References: a", f"References: {value}"), b"hello\r\n")
        [(name, number, folded)] = changes.headers
        self.assertEqual((name, number, changes.body), (b"References", 2, None))
        self.assertEqual(folded.replace(b"\n", b""), value.encode())
        self.assertFalse(long_lines.too_long(folded))
        self.assertTrue(all(line[:1] == b" " for line in folded.split(b"\n")[1:]))
        with self.assertRaisesRegex(Unfit, "header X-Long"):
            fit(head("X-Long: " + "a" * 2000), b"hello\r\n")

    def test_only_so_much_memory_is_used(self) -> None:
        with self.assertRaises(Unfit):
            fit(head("Subject: x"), b"a" * (long_lines.MAX_BYTES + 1))


if __name__ == "__main__":
    unittest.main()
