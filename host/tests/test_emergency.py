"""What helps in an emergency: it touches no mail but what it names, and can be undone."""

import json

from tests.accounts_case import AccountsTestCase, declared


class Emergency(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well(declared("bob", "ann"))
        self.entries = []
        self.waits("A1", "bob", "deferred", "x@far.example", "connection timed out")
        self.waits("A2", "bob", "hold", "y@far.example")
        self.waits("A3", "ann", "deferred", "z@other.example", "connection timed out")
        # From outside, with bob's address as its sender.
        self.waits("A4", "", "active", "ann@a.example", sender="bob@a.example")
        self.forget_calls()

    def waits(self, name, user, queue, to, reason="", sender=""):
        recipient = {"address": to} | ({"delay_reason": reason} if reason else {})
        entry = {"queue_name": queue, "queue_id": name, "arrival_time": 1_000_000 + len(self.entries)}
        entry |= {"sender": sender or f"{user}@a.example", "recipients": [recipient]}
        self.entries.append(json.dumps(entry))
        (self.state / "queue").write_text("\n".join(self.entries) + "\n")
        if user:
            (self.state / f"login-{name}").write_text(f"{user}@a.example")

    def emergency(self, *argv, code=0):
        result = self.run_it("emergency", *argv)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def test_an_account_is_locked_and_what_it_sent_is_held_and_nobody_elses(self):
        result = self.emergency("hold", "bob@a.example")
        self.assertEqual(result.stdout.split(), ["A1", "A2"])
        self.assertEqual(self.calls("postsuper"), ["-h -", "  A1"])
        self.assertEqual(self.rows("SELECT email FROM users WHERE locked"), [("bob@a.example",)])
        self.assertIn("kick bob@a.example", "\n".join(self.calls("doveadm")))

    def test_what_was_held_goes_on_and_the_account_stays_locked(self):
        self.emergency("hold", "bob@a.example")
        self.forget_calls()
        result = self.emergency("release", "bob@a.example")
        self.assertEqual(result.stdout.split(), ["A2"])
        self.assertEqual(self.calls("postsuper"), ["-H -", "  A2"])
        self.assertEqual(self.rows("SELECT email FROM users WHERE locked"), [("bob@a.example",)])
        self.assertIn("mailstack user set-password bob@a.example", result.stderr)
        self.assertIn("no message of ann@a.example is held", self.emergency("release", "ann@a.example", code=1).stderr)

    def test_who_is_no_user_is_refused_before_anything_is_held(self):
        self.assertIn("there is no user", self.emergency("hold", "nobody@a.example", code=1).stderr)
        self.assertEqual(self.calls("postsuper"), [])

    def test_port_25_is_closed_and_opened(self):
        self.emergency("close-25")
        self.assertEqual(self.calls("postconf"), ["-e master_service_disable=smtp/inet"])
        self.forget_calls()
        self.emergency("open-25")
        self.assertEqual(self.calls("postconf"), ["-X master_service_disable"])
        self.assertEqual(self.calls("postfix"), ["reload"])

    def test_the_queue_by_sender_domain_and_reason(self):
        found = json.loads(self.emergency("queue", "--json").stdout)
        self.assertEqual(found["messages"], 4)
        self.assertEqual(found["senders"], [["bob@a.example", 3], ["ann@a.example", 1]])
        self.assertEqual(found["domains"][0], ["far.example", 2])
        self.assertEqual(found["reasons"], [["connection timed out", 2]])
        self.assertEqual(found["oldest"], 1_000_000)
        self.assertIn("       2  domain   far.example", self.emergency("queue").stdout)
        (self.state / "queue").write_text("")
        self.assertIn("0 messages wait\n", self.emergency("queue").stdout)

    def test_the_largest_mailboxes_and_what_can_be_freed_and_nothing_else_goes(self):
        files = {
            "/var/vmail/a.example/bob/Maildir/cur/1": 300_000,
            "/var/vmail/a.example/ann/Maildir/cur/1": 100_000,
            "/var/log/mail.log": 50_000,
            "/var/cache/mailstack-backup/restic/one": 70_000,
            "/var/cache/mailstack-backup/CACHEDIR.TAG": 200,
        }
        for name, size in files.items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_bytes(b"x" * size)
        found = json.loads(self.emergency("disk", "--json").stdout)
        self.assertEqual([name for name, _ in found["mailboxes"]], ["bob@a.example", "ann@a.example"])
        self.assertGreaterEqual(found["free"]["backup cache"], 70_000)
        freed = json.loads(self.emergency("disk", "--free", "--json").stdout)["freed"]
        self.assertGreaterEqual(freed, 70_000)
        there = [name for name in files if self.path(name).exists()]
        self.assertEqual(there, [name for name in files if "backup" not in name])
