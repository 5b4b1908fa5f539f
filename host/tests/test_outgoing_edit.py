"""The packets about a message that had to be changed."""

import unittest

from mailstack.daemons import milter
from mailstack.daemons.outgoing_edit import edit

LONG = b"word " * 800


def packets_of(*headers: tuple[bytes, bytes]) -> bytearray:
    found = bytearray(milter.packet(milter.MAIL, b"<a@example.org>\0"))
    for name, value in headers:
        found += milter.packet(milter.HEADER, name + b"\0" + value + b"\0")
    return found + milter.packet(milter.END_OF_HEADERS)


class OutgoingEdit(unittest.TestCase):
    def test_a_message_that_fits_is_left_alone(self) -> None:
        head = [(b"Subject", b"x")]
        envelope = packets_of(*head)
        self.assertEqual(edit(envelope, head, b"hello\r\n"), (b"", None))
        self.assertEqual(envelope, packets_of(*head))

    def test_a_new_body_comes_with_the_headers_that_say_how_it_is_encoded(self) -> None:
        head = [(b"MIME-Version", b"1.0"), (b"content-transfer-encoding", b"7bit")]
        envelope = packets_of(*head)
        answers, body = edit(envelope, head, LONG + b"\r\n")
        changed = (b"Content-Transfer-Encoding", b"quoted-printable")
        self.assertEqual(envelope, packets_of(head[0], changed))
        self.assertEqual(
            answers,
            milter.packet(b"m", b"\0\0\0\1" + b"\0".join(changed) + b"\0") + milter.packet(b"b", body or b""),
        )

    def test_headers_that_are_missing_are_added_for_both(self) -> None:
        envelope = packets_of((b"Subject", b"x"))
        answers, _ = edit(envelope, [(b"Subject", b"x")], LONG)
        added = [(b"MIME-Version", b"1.0"), (b"Content-Transfer-Encoding", b"quoted-printable")]
        self.assertEqual(envelope, packets_of((b"Subject", b"x"), *added))
        for name, value in added:
            self.assertIn(milter.packet(b"h", name + b"\0" + value + b"\0"), answers)

    def test_the_second_of_two_headers_is_folded(self) -> None:
        head = [(b"References", b"<short@example.org>"), (b"references", LONG)]
        envelope = packets_of(*head)
        answers, body = edit(envelope, head, b"hello\r\n")
        self.assertIsNone(body)
        self.assertTrue(answers[5:].startswith(b"\0\0\0\2references\0"))
        self.assertIn(packets_of(head[0])[:-5], envelope)
        self.assertNotIn(LONG, envelope)

    def test_a_large_body_goes_in_pieces(self) -> None:
        answers, body = edit(packets_of((b"Subject", b"x")), [(b"Subject", b"x")], (LONG + b"\r\n") * 100)
        self.assertGreater(len(body or b""), milter.CHUNK)
        pieces = answers.count(milter.packet(b"b", (body or b"")[: milter.CHUNK]))
        self.assertEqual(pieces, 1)
        self.assertIn(milter.packet(b"b", (body or b"")[milter.CHUNK : 2 * milter.CHUNK]), answers)


if __name__ == "__main__":
    unittest.main()
