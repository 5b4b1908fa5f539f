"""What `mailstack status` says about the limits of connections."""

import json
import unittest
from unittest import mock

from mailstack.checks import bad, connections
from mailstack.programs import Result

CHAIN = {"chain": {"name": "input", "hook": "input"}}
OUTPUT = {"chain": {"name": "output", "hook": "output"}}
LIMIT = {"rule": {"expr": [{"match": {}}, {"jump": {"target": "smtp"}}]}}


class Status(unittest.TestCase):
    def look(self, *parts, code=0):
        result = Result(code, json.dumps({"nftables": [{"metainfo": {}}, *parts]}), "no such file")
        with mock.patch.object(connections, "run", lambda _argv, _timeout: result):
            return connections.limited("")

    def test_limited(self):
        self.assertEqual(
            self.look(CHAIN, OUTPUT, LIMIT, {"rule": {"expr": [{"accept": None}]}}), "limited in 1 groups of ports"
        )

    def test_problems(self):
        for parts, code in (
            ((CHAIN, OUTPUT), 0),
            ((CHAIN, LIMIT), 0),
            (({"chain": {"name": "input"}}, LIMIT), 0),
            ((CHAIN, OUTPUT, LIMIT), 1),
        ):
            with self.subTest(parts=parts, code=code), self.assertRaises(bad.Bad):
                self.look(*parts, code=code)
