"""Secrets: root only, exact, and never shown."""

import json

from tests.harness import HostTestCase, bundle

_KEY = "-----BEGIN KEY-----\nMIIabcdefgh\n-----END KEY-----\n"


class Secrets(HostTestCase):
    def store(self, **values):
        return self.run_it("secrets", text=json.dumps(values))

    def test_the_folder_holds_exactly_these(self):
        result = self.store(first="correct-horse", second=_KEY)
        self.assertEqual((result.returncode, result.stdout), (0, '{"secrets": 2}\n'), result.stderr)
        folder = self.path("/etc/mailstack/secrets")
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual((folder / "first").stat().st_mode & 0o777, 0o600)
        (folder / "first").chmod(0o644)
        inode = (folder / "second").stat().st_ino
        self.store(first="correct-horse", second=_KEY)
        self.assertEqual((folder / "first").stat().st_mode & 0o777, 0o600)
        self.assertEqual((folder / "second").stat().st_ino, inode)
        self.store(second=_KEY)
        self.assertEqual([path.name for path in folder.iterdir()], ["second"])

    def test_bad_input_shows_nothing_of_it(self):
        for text in ('{"a": "hunter22', '{"../a": "hunter22"}', '["hunter22"]'):
            result = self.run_it("secrets", text=text)
            self.assertEqual(result.returncode, 1)
            self.assertNotIn("hunter22", result.stderr)
        self.assertEqual(self.run_it("secrets", text='{"a/b": "x"}').returncode, 1)

    def test_they_are_put_in_and_a_new_value_is_a_change(self):
        self.store(first="correct-horse", key=_KEY)
        data = bundle()
        data["files"]["/etc/demo/demo.conf"]["content"] = "password = @@secret:first@@\n@@secret:key@@\n"
        self.apply_well(data)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "password = correct-horse\n" + _KEY)
        self.store(first="battery-staple", key=_KEY)
        self.apply_well(data)
        self.assertIn("battery-staple", self.loaded())
        self.assertNotIn("battery", self.read("/var/lib/mailstack/manifests/demo.json"))

    def test_a_validator_that_quotes_a_secret(self):
        self.store(first="correct-horse", key=_KEY)
        data = bundle(validate=[["sh", "-c", "cat $MAILSTACK_ROOT/etc/demo/demo.conf; exit 1"]])
        data["files"]["/etc/demo/demo.conf"]["content"] = "password = @@secret:first@@\n@@secret:key@@\n"
        result = self.apply(data)
        self.assertEqual(result.returncode, 1)
        self.assertIn("password = ***", result.stderr)
        for hidden in ("correct-horse", "MIIabcdefgh"):
            self.assertNotIn(hidden, result.stderr)
