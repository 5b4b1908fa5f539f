"""What a health check says when it does not pass."""

import tempfile
import unittest
from pathlib import Path

from mailstack.apply.bundle import Check
from mailstack.apply.health import wait_for
from mailstack.errors import MailstackError


class HealthChecks(unittest.TestCase):
    def said(self, script: str, seconds: float) -> list[str]:
        """What the failure of a check tells of the words of its shell script."""
        check = Check(run=("sh", "-c", script), timeout_seconds=seconds)
        with self.assertRaises(MailstackError) as caught:
            wait_for([check])
        return caught.exception.details

    def test_a_try_that_is_cut_off_does_not_hide_what_an_earlier_one_said(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            once = Path(folder) / "once"
            script = f"[ -e {once} ] && sleep 60; touch {once}; echo nothing listens; exit 1"
            self.assertEqual(self.said(script, 0.5), ["nothing listens"])

    def test_a_try_that_begins_late_has_time_to_say_what_is_wrong(self) -> None:
        self.assertEqual(self.said("sleep 1; echo nothing listens; exit 1", 0.2), ["nothing listens"])

    def test_a_program_that_never_ends_is_named_as_such(self) -> None:
        self.assertEqual(self.said("sleep 60", 0.2), ["sh: did not end within 5 s"])
