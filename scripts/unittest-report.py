"""Runs the tests below host/tests whose file's name fits a pattern. Usage: unittest-report.py PATTERN REPORT

REPORT gets one JSON line for each test that ended: file, title, passed, and why it did not run.
"""

import json
import sys
import unittest
from pathlib import Path

HOST = Path(__file__).resolve().parent.parent / "host"


class Result(unittest.TextTestResult):
    """Tells unittest's own words, and keeps how each test ended."""

    ended: dict[str, dict[str, object]] = {}

    def note(self, test: unittest.TestCase, passed: bool, left: str | None = None, why: str | None = None) -> None:
        """A test that has failed stays so, whatever comes after it."""
        parts = test.id().split(".")
        file = f"host/tests/{parts[1]}.py" if len(parts) > 2 and parts[0] == "tests" else ""
        known = self.ended.setdefault(test.id(), {"file": file, "title": ".".join(parts[2:]), "passed": True})
        known["passed"] = bool(known["passed"]) and passed
        if left is not None:
            known["left"] = left or "no reason"
        if why is not None:
            known["why"] = why

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, True)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, False, "an expected failure")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, True, reason)

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, False, why=repr(err[1]))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, False, why=str(err[1]))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, False)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, False, why=f"{subtest}: {err[1]}")


pattern, report = sys.argv[1:]
tests = unittest.TestLoader().discover(str(HOST / "tests"), pattern=pattern, top_level_dir=str(HOST))
done = unittest.TextTestRunner(resultclass=Result).run(tests)
Path(report).write_text("".join(f"{json.dumps(each)}\n" for each in Result.ended.values()))
sys.exit(0 if done.wasSuccessful() else 1)
