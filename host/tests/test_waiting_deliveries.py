"""When Dovecot is back, only what waits for it is tried again."""

import json
import unittest
import unittest.mock

from mailstack.daemons import waiting_deliveries
from mailstack.errors import MailstackError
from mailstack.programs import Result

SOCKET = "private/dovecot-lmtp"
DOWN = f"connect to mail.example.org[{SOCKET}]: Connection refused"
FULL = f"host mail.example.org[{SOCKET}] said: 451 4.2.0 Internal error occurred"
ELSEWHERE = "connect to mx.example.net[203.0.113.7]:25: Connection timed out"


class WaitingDeliveries(unittest.TestCase):
    def setUp(self):
        self.ran = []
        self.listed = Result(0, "", "")
        self.postfix = 0
        patch = unittest.mock.patch.object(waiting_deliveries, "run", self.run_it)
        patch.start()
        self.addCleanup(patch.stop)

    def run_it(self, argv):
        if argv[0] == "systemctl":
            self.assertEqual(argv[1:], ["is-active", "--quiet", "postfix.service"])
            return Result(self.postfix, "", "")
        self.ran.append(argv[1:])
        return self.listed if argv == ["postqueue", "-j"] else Result(0, "", "")

    def queue(self, **messages):
        lines = []
        for queue_id, reasons in messages.items():
            recipients = [{"address": "a@b.c", **({"delay_reason": reason} if reason else {})} for reason in reasons]
            lines.append(json.dumps({"queue_name": "deferred", "queue_id": queue_id, "recipients": recipients}))
        self.listed = Result(0, "\n".join(lines), "")

    def tried(self):
        waiting_deliveries.retry(SOCKET, "postfix.service")
        return self.ran[1:]

    def test_what_waits_for_dovecot_is_tried_and_what_waits_for_others_is_not(self):
        self.queue(A1=[DOWN], B2=[ELSEWHERE], C3=[ELSEWHERE, FULL], D4=[""])
        self.assertEqual(self.tried(), [["-i", "A1"], ["-i", "C3"]])

    def test_a_long_queue_is_tried_whole(self):
        self.queue(**{f"A{number}": [DOWN] for number in range(501)})
        self.assertEqual(self.tried(), [["-f"]])

    def test_an_empty_queue_and_no_postfix_are_well(self):
        self.assertEqual(self.tried(), [])
        self.postfix = 3
        self.ran = []
        self.tried()
        self.assertEqual(self.ran, [], "postqueue would warn")

    def test_another_failure_is_told(self):
        self.listed = Result(75, "", "postqueue: fatal: no room")
        with self.assertRaisesRegex(MailstackError, "ended with 75"):
            waiting_deliveries.retry(SOCKET, "postfix.service")
