"""The keys that the program knows are those of components/deployment/bundle.ts."""

import re
import unittest

from mailstack.apply.bundle_json import parse
from mailstack.errors import MailstackError
from tests.harness import HOST

_CONTRACT = HOST.parent / "components" / "deployment" / "bundle.ts"


def declared(interface):
    """The property names of a TypeScript interface without nested braces on lines of their own."""
    body = re.search(rf"export interface {interface} {{\n(.*?)\n}}", _CONTRACT.read_text(), re.DOTALL).group(1)
    return sorted(re.findall(r"^  (\w+)\??:", body, re.MULTILINE))


def known(raw):
    """The keys that the error for an unknown key names."""
    try:
        parse(raw, "x")
    except MailstackError as error:
        return re.search(r"known are (.*)", error.message).group(1).split(", ")
    raise AssertionError("an unknown key was taken")


class Contract(unittest.TestCase):
    def test_each_interface(self):
        bad = '{"no such key": 1}'
        places = {
            "Bundle": bad,
            "HostFile": f'{{"service": "x", "files": {{"/a": {bad}}}}}',
            "HostDirectory": f'{{"service": "x", "files": {{}}, "directories": {{"/a": {bad}}}}}',
            "HostUnit": f'{{"service": "x", "files": {{}}, "units": {{"a.service": {bad}}}}}',
            "StateItem": f'{{"service": "x", "files": {{}}, "state": [{bad}]}}',
            "AccountsData": f'{{"service": "x", "files": {{}}, "accounts": {bad}}}',
        }
        for interface, raw in places.items():
            with self.subTest(interface=interface):
                self.assertEqual(known(raw), declared(interface))
