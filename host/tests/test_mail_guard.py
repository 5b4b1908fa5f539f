"""What stands between Postfix and Rspamd, with a Rspamd that answers, dies or hangs as told."""

import contextlib
import pathlib
import quopri
import re
import socket
import threading
import unittest
import unittest.mock

from mailstack.daemons import mail_guard, milter
from mailstack.daemons.guarded_message import Message

HEADER = milter.packet(b"m", b"\0\0\0\1X-Spam\0Yes\0")
USER = b"{auth_type}\0PLAIN\0{auth_authen}\0a@b\0"
ACCEPT = milter.packet(b"a")


class FakeWorker:
    """Listens like a worker of Rspamd; what it does with each message is the next of its `acts`, the last for good."""

    def __init__(self, *acts):
        self.acts = list(acts)
        self.seen = []
        self.hanging, self.go_on = threading.Semaphore(0), threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return self.server.getsockname()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.server.accept()
                threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, link):
        got = []
        with link:
            for letter, data in milter.packets(link):
                if letter == milter.OPTIONS:
                    link.sendall(milter.agree(data))
                    continue
                got.append((letter, data))
                if letter == milter.END_OF_MESSAGE:
                    self.seen.append(list(got))
                    act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                    if act == "hang":
                        self.hanging.release()
                        self.go_on.wait(60)
                        act = ACCEPT
                    if act == "probe only":
                        act = ACCEPT if len(got) == 2 else "die"
                    if act == "die":
                        return
                    link.sendall(act)


class MailGuard(unittest.TestCase):
    def guard(self, *acts, at=None):
        self.workers = FakeWorker(*acts)
        workers = mail_guard.Workers(at or self.workers.address)
        self.addCleanup(self.workers.server.close)
        self.guarded = workers
        self.connect()

    def connect(self):
        """One more connection of Postfix."""
        workers = self.guarded
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)

        def serve():
            with theirs:
                mail_guard.serve(theirs, workers)

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ours.sendall, milter.packet(milter.QUIT))
        ours.settimeout(30)
        self.link = ours
        self.answers = milter.packets(ours)
        ours.sendall(milter.offer())
        self.assertEqual(next(self.answers)[0], milter.OPTIONS)
        ours.sendall(milter.packet(b"D", b"Cj\0mail\0") + milter.packet(b"C", b"peer\x004\0\0192.0.2.1\0"))
        ours.sendall(milter.packet(b"H", b"peer\0"))

    def send(self, body=b"hello\r\n", headers=((b"Subject", b"hi"),), macros=b""):
        """The answer to one message: letters and data."""
        link, answers = self.link, self.answers
        words = (
            milter.packet(b"D", b"Mi\0Q1\0" + macros)
            + milter.packet(b"M", b"<a@b>\0")
            + milter.packet(b"R", b"<c@d>\0")
        )
        words += milter.packet(b"T") + b"".join(milter.packet(b"L", n + b"\0" + v + b"\0") for n, v in headers)
        words += milter.packet(b"N")
        link.sendall(words)
        for start in range(0, len(body), milter.CHUNK):
            link.sendall(milter.packet(b"B", body[start : start + milter.CHUNK]))
        link.sendall(milter.packet(b"D", b"Ei\0Q1\0") + milter.packet(b"E"))
        got = []
        for letter, data in answers:
            got.append((letter, data))
            if letter in milter.FINAL:
                break
        return got

    def test_a_message_goes_to_a_worker_as_it_came(self):
        self.guard(HEADER + ACCEPT)
        for _ in range(2):
            self.assertEqual(self.send(), [(b"m", b"\0\0\0\1X-Spam\0Yes\0"), (b"a", b"")])
        letters = [b"".join(letter for letter, _ in message) for message in self.workers.seen]
        self.assertEqual(letters, [b"DCHDMRTLNBDE"] * 2)
        self.assertEqual(self.workers.seen[0][9], (b"B", b"hello\r\n"))

    def test_what_a_user_sends_is_made_to_fit_before_it_is_signed(self):
        self.guard(HEADER + ACCEPT)
        for body in (b"word " * 1_000 + b"\r\n", (b"word " * 1_000 + b"\r\n") * 500):
            answers = self.send(body, macros=USER)
            new = b"".join(data for letter, data in answers if letter == b"b")
            self.assertEqual(quopri.decodestring(new), body)
            self.assertEqual(answers[-2:], [(b"m", b"\0\0\0\1X-Spam\0Yes\0"), (b"a", b"")])
            [message] = self.workers.seen
            self.assertEqual(b"".join(data for letter, data in message if letter == b"B"), new)
            self.assertIn((b"L", b"Content-Transfer-Encoding\0quoted-printable\0"), message)
            self.workers.seen.clear()

    def test_what_a_stranger_sends_stays_as_it_is(self):
        self.guard(ACCEPT)
        self.assertEqual(self.send(b"word " * 1_000 + b"\r\n"), [(b"a", b"")])

    def test_a_user_reads_our_words_whatever_rspamd_says(self):
        spam = b"554 5.7.1 Our filter takes this message for spam, so it was not sent\0"
        later = b"451 4.7.1 Our filter cannot check this message now, so it was not sent; try again later\0"
        for rspamd, user, stranger in (
            (b"554 5.7.1 Gtube pattern", spam, b"554 5.7.1 Gtube pattern\0"),
            (b"451 4.7.1 timeout processing message", later, b"451 4.7.1 timeout processing message\0"),
            (b"554 5.7.1 mailstack: From is x", b"554 5.7.1 From is x\0", b"554 5.7.1 From is x\0"),
            (b"451 4.7.1 mailstack: Too many", b"451 4.7.1 Too many\0", b"451 4.7.1 Too many\0"),
        ):
            self.guard(milter.packet(milter.REPLY_CODE, rspamd + b"\0"))
            self.assertEqual(self.send(macros=USER), [(milter.REPLY_CODE, user)])
            self.assertEqual(self.send(), [(milter.REPLY_CODE, stranger)])
        self.guard(milter.packet(b"r"))
        self.assertEqual(self.send(macros=USER), [(milter.REPLY_CODE, spam)])
        self.assertEqual(self.send(), [(b"r", b"")])
        self.guard(milter.packet(milter.TEMPORARY_FAILURE))
        self.assertEqual(self.send(macros=USER), [(milter.REPLY_CODE, later)])
        self.assertEqual(self.send(), [(milter.TEMPORARY_FAILURE, b"")])

    def test_rules_of_this_host_mark_their_words(self):
        root = pathlib.Path(__file__).parents[2]
        lua = [*root.glob("host/plugins/*.lua"), *root.glob("templates/rspamd/**/*.lua.mustache")]
        words = [w for path in lua for w in re.findall(r'set_pre_result\("(?:soft )?reject", (.*)', path.read_text())]
        self.assertGreaterEqual(len(words), 8)
        self.assertEqual([each for each in words if not each.startswith('"mailstack: ')], [])

    def test_what_cannot_be_made_to_fit_is_refused_in_words(self):
        self.guard("die")
        letter, words = self.send(headers=((b"X-Long", b"a" * 2_000),), macros=USER)[-1]
        self.assertEqual(letter, milter.REPLY_CODE)
        self.assertRegex(words, rb"^554 5\.6\.0 This message cannot be sent: a line of the header X-Long is longer")

    def test_a_header_that_postfix_would_cut_is_refused(self):
        self.guard("die")
        letter, words = self.send(headers=((b"X-Long", b"word\n " * 10_000),))[-1]
        self.assertEqual(letter, milter.REPLY_CODE)
        self.assertIn(b"a header of more than", words)

    def test_of_headers_without_end_no_more_is_kept_than_shows_it(self):
        self.guard("die")
        kept = []
        closed = Message.close
        with unittest.mock.patch.object(Message, "close", lambda each: (kept.append(len(each.envelope)), closed(each))):
            for headers in (((b"ab", b"c"),) * 100_000, ((b"X-Long", b"word\n " * 10_000),) * 100):
                letter, words = self.send(headers=headers)[-1]
                self.assertEqual(letter, milter.REPLY_CODE)
                self.assertIn(b"header", words)
                self.connect()
        self.assertLess(max(kept), 2 << 20)

    def test_a_large_message_comes_as_a_whole(self):
        self.guard(ACCEPT)
        body = bytes(range(256)) * 20_000
        self.assertEqual(self.send(body)[-1][0], b"a")
        self.assertEqual(b"".join(data for letter, data in self.workers.seen[0] if letter == b"B"), body)

    def test_large_messages_go_one_after_the_other_and_small_ones_beside(self):
        self.guard("hang", ACCEPT)
        first = threading.Thread(target=self.send, args=(b"a" * 200_000,))
        first.start()
        self.workers.hanging.acquire()
        for body, parts in (
            (b"hello", ()),
            (b"--x\r\n\r\na\r\n" * 9, ((b"Content-Type", b"multipart/mixed; boundary=x"),)),
        ):
            self.connect()
            self.assertEqual(self.send(body, parts or ((b"Subject", b"hi"),))[-1][0], b"a")
        seen = len(self.workers.seen)
        self.connect()
        second = threading.Thread(target=self.send, args=(b"--x\r\n\r\na\r\n" * 100, parts))
        second.start()
        self.assertEqual(len(self.workers.seen), seen)
        self.workers.go_on.set()
        first.join()
        second.join()
        self.assertEqual(len(self.workers.seen), seen + 1)

    def test_what_is_built_to_keep_rspamd_busy_is_refused_in_words(self):
        self.guard("die")
        kind = ((b"Content-Type", b"message/rfc822"),)
        letter, words = self.send(b"Content-Type: message/rfc822\r\n\r\n" * 1_000, kind)[-1]
        self.assertEqual(letter, milter.REPLY_CODE)
        self.assertRegex(words, rb"^554 5\.6\.0 This message cannot be checked: it has more than \d+ messages")
        self.assertEqual(self.workers.seen, [])

    def test_a_worker_dies_or_hangs_once(self):
        self.guard("die", ACCEPT)
        self.assertEqual(self.send()[-1][0], b"a")
        self.workers.acts = ["die", ACCEPT]
        self.assertEqual(self.send(b"a" * 200_000)[-1][0], b"a")
        self.workers.acts = ["hang", ACCEPT]
        with unittest.mock.patch.object(mail_guard, "HANG_SECONDS", 0.2):
            self.assertEqual(self.send()[-1][0], b"a")
        self.workers.go_on.set()

    def test_who_kills_each_worker_is_refused_while_others_are_not(self):
        self.guard("probe only")
        for body in (b"hello\r\n", b"a" * 200_000):
            letter, words = self.send(body)[-1]
            self.assertEqual((letter, words[:10]), (milter.REPLY_CODE, b"554 5.6.0 "))

    def test_a_filter_that_dies_of_everything_refuses_nothing(self):
        self.guard("die")
        self.assertEqual(self.send()[-1], (milter.TEMPORARY_FAILURE, b""))

    def test_without_a_filter_mail_waits(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            nobody = closed.getsockname()
        self.guard(ACCEPT, at=nobody)
        self.assertEqual(self.send()[-1], (milter.TEMPORARY_FAILURE, b""))
