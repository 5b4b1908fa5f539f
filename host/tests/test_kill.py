"""SIGKILL at every step, then another service's apply: the host is as before or as after, never between."""

import signal

from mailstack.apply.steps import STEPS
from tests.harness import HostTestCase, bundle

_PUT_BACK = [step for step in STEPS if step in ("restored-first", "restored", "put-back")]
_FORWARD = [step for step in STEPS if step not in _PUT_BACK]
_AFTER_COMMIT = _FORWARD[_FORWARD.index("committed") :]
_BEFORE = ("setting = v1\n", "extra v1\n", None, "#!/bin/sh\n")


class Kill(HostTestCase):
    def old_bundle(self):
        """With a program."""
        data = bundle()
        data["files"]["/etc/demo/run"] = {"owner": "root:root", "mode": "0755", "content": "#!/bin/sh\n"}
        return data

    def new_bundle(self):
        """Changes a file, adds one in a new folder, drops one and the program."""
        data = bundle(text="v2", prepare=[["true"]], validate=[["true"]])
        del data["files"]["/etc/demo/extra.conf"]
        data["files"]["/etc/demo/new.d/new.conf"] = {"owner": "root:root", "mode": "0600", "content": "new\n"}
        return data

    def kill(self, data, step):
        result = self.apply(data, MAILSTACK_TEST_KILL_AT=step)
        self.assertEqual(result.returncode, -signal.SIGKILL, f"{step}: {result.stderr}")

    def state_now(self):
        names = ("demo.conf", "extra.conf", "new.d/new.conf", "run")
        return tuple(self.read(f"/etc/demo/{name}") for name in names)

    def reset(self):
        self.tearDown()
        self.doCleanups()
        self.setUp()

    def test_change_of_a_running_service(self):
        after = ("setting = v2\n", None, "new\n", None)
        for step in _FORWARD:
            with self.subTest(step=step):
                self.reset()
                self.apply_well(self.old_bundle())
                self.kill(self.new_bundle(), step)
                self.apply_well(bundle("other"))
                expected = after if step in _AFTER_COMMIT else _BEFORE
                self.assertEqual(self.state_now(), expected)
                self.assertEqual(self.loaded(), expected[0])
                self.assertEqual(self.path("/etc/demo/new.d").exists(), step in _AFTER_COMMIT)
                self.assert_clean()
                verified = self.run_it("verify")
                self.assertEqual((verified.returncode, verified.stdout), (0, ""))
                self.apply_well(self.new_bundle())
                self.assertEqual((self.state_now(), self.loaded()), (after, after[0]))
                self.assert_clean()

    def test_first_apply_of_a_service(self):
        for step in _FORWARD:
            with self.subTest(step=step):
                self.reset()
                self.kill(bundle(), step)
                self.apply_well(bundle("other"))
                done = step in _AFTER_COMMIT
                self.assertEqual(self.path("/etc/demo").exists(), done)
                self.assertEqual(self.loaded(), "setting = v1\n" if done else None)
                self.assertEqual((self.state / "demo.service.enabled").exists(), done)
                self.assert_clean()
                self.apply_well(bundle())
                self.assertEqual(self.loaded(), "setting = v1\n")

    def test_kill_while_putting_back(self):
        for step in _PUT_BACK:
            with self.subTest(step=step):
                self.reset()
                self.apply_well(self.old_bundle())
                data = self.new_bundle() | {"health": [{"run": ["false"], "timeoutSeconds": 0}]}
                self.kill(data, step)
                self.apply_well(bundle("other"))
                self.assertEqual(self.state_now(), _BEFORE)
                self.assertEqual(self.loaded(), "setting = v1\n")
                self.assert_clean()

    def test_kill_of_the_repair(self):
        for step in _PUT_BACK:
            with self.subTest(step=step):
                self.reset()
                self.apply_well(self.old_bundle())
                self.kill(self.new_bundle(), "units-done")
                self.kill(bundle("other"), step)
                self.apply_well(bundle("other"))
                self.assertEqual(self.state_now(), _BEFORE)
                self.assertEqual(self.loaded(), "setting = v1\n")
                self.assert_clean()

    def test_kill_of_a_remove(self):
        for step in ("planned", "journal", "staged", "kept", "swapped-first", "swapped", "units-done", "committed"):
            with self.subTest(step=step):
                self.reset()
                self.apply_well(self.old_bundle())
                result = self.run_it("remove", "demo", MAILSTACK_TEST_KILL_AT=step)
                self.assertEqual(result.returncode, -signal.SIGKILL)
                self.apply_well(bundle("other"))
                self.assertEqual(self.loaded(), None if step == "committed" else "setting = v1\n")
                self.assertEqual(self.run_it("verify").returncode, 0)
                self.assert_clean()
