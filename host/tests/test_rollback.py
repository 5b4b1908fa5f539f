"""A failure at any point puts everything back and says why."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading

from tests.harness import HostTestCase, bundle


class Rollback(HostTestCase):
    def setUp(self):
        super().setUp()
        (self.root / "tools").mkdir()

    def tool(self, name, script):
        """A program of the service, as a path."""
        path = self.root / "tools" / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return str(path)

    def fails(self, data, *words):
        """Applies it over a good v1; nothing may change."""
        self.apply_well(bundle())
        self.forget_calls()
        result = self.apply(data)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assertEqual(self.read("/etc/demo/extra.conf"), "extra v1\n")
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.assert_clean()
        self.assertEqual(self.run_it("verify").returncode, 0)
        self.assertEqual(self.apply_well(bundle()).stderr, "")
        return result

    def test_validator_words_with_place(self):
        check = self.tool("check", 'echo "bad directive in /etc/demo/demo.conf:1" >&2; exit 1')
        self.fails(bundle(text="v2", validate=[[check]]), "/etc/demo/demo.conf:1: refused", "bad directive", "put back")
        self.assertEqual(self.calls(), [], "units must not be touched for a refused configuration")

    def test_validator_that_quotes_the_line_only(self):
        check = self.tool("check", 'echo "fatal: bad number: extra=v2" >&2; exit 1')
        data = bundle(text="v2", validate=[[check]])
        data["files"]["/etc/demo/extra.conf"]["content"] = "# comment\n\nextra = v2\n"
        self.fails(data, "/etc/demo/extra.conf:3: refused")

    def test_validator_that_talks_to_terminals_only(self):
        check = self.tool("check", "test -t 2 && echo 'fatal: for people only' >&2; exit 1")
        self.fails(bundle(text="v2", validate=[[check]]), "fatal: for people only")

    def test_silent_validator_must_be_silent(self):
        check = self.tool("check", "echo 'warning: unused parameter' >&2")
        self.fails(bundle(text="v2", validateSilent=[[check]]), "complains", "unused parameter")

    def test_prepare_runs_again_on_the_old_files(self):
        prepare = self.tool("compile", 'cp "$MAILSTACK_ROOT/etc/demo/demo.conf" "$MAILSTACK_ROOT/compiled"')
        self.apply_well(bundle(prepare=[[prepare]]))
        data = bundle(text="v2", prepare=[[prepare]], validate=[["false"]])
        self.assertEqual(self.apply(data).returncode, 1)
        self.assertEqual(self.read("/compiled"), "setting = v1\n")

    def test_prepare_fails(self):
        self.fails(bundle(text="v2", prepare=[["no-such-program"]]), "there is no such program")

    def test_unit_does_not_start(self):
        self.fails(bundle(text="BROKEN"), "demo.service: restart failed", "the units own last words")

    def test_unit_that_quotes_the_line_in_its_log(self):
        data = bundle(text="BROKEN")
        data["files"]["/etc/demo/extra.conf"]["content"] = "first\n\nunits own last words\n"
        self.fails(data, "demo: /etc/demo/extra.conf:3: demo.service: restart failed")

    def test_health_check_fails(self):
        check = {"tcp": "127.0.0.1:1", "timeoutSeconds": 1}
        self.fails(bundle(text="v2", health=[check]), "health check failed for 1 s", "127.0.0.1:1: Connection refused")

    def test_health_check_hears_something_else(self):
        def greet():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    connection.sendall(b"220 someone.else ESMTP\r\n")

        connections: list[socket.socket] = []
        server = socket.create_server(("127.0.0.1", 0))
        # Closing alone does not wake the thread that waits in accept(2).
        self.addCleanup(lambda: (server.shutdown(socket.SHUT_RDWR), server.close(), *(c.close() for c in connections)))
        threading.Thread(target=greet, daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check = {"tcp": address, "expect": "220 mail.example ESMTP", "timeoutSeconds": 1}
        said = f"{address} said '220 someone.else ESMTP', not '220 mail.example ESMTP'"
        self.fails(bundle(text="v2", health=[check]), "health check failed for 1 s", said)

    def test_after_fails(self):
        self.fails(bundle(text="v2", after=[["false"]]), "after: `false` ended with 1")

    def test_output_fails(self):
        self.fails(bundle(text="v2", outputs={"key": ["false"]}), "output key")

    def test_removed_file_comes_back(self):
        data = bundle(validate=[["false"]])
        del data["files"]["/etc/demo/extra.conf"]
        self.fails(data)

    def test_failed_first_apply_leaves_the_unit_stopped(self):
        result = self.apply(bundle(text="BROKEN"))
        self.assertEqual(result.returncode, 1)
        self.assertFalse(self.path("/etc/demo").exists())
        self.assertIsNone(self.loaded())
        self.assertFalse((self.state / "demo.service.enabled").exists())
        self.assertFalse((self.state / "demo.service.failed").exists())
        self.assertIn("was never applied", self.run_it("verify", "demo").stdout)

    def test_a_unit_that_ends_after_its_start_is_a_failure(self):
        self.apply_well(bundle())
        result = self.apply(bundle(text="SHORT-LIVED"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("demo.service is failed", result.stderr)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.assert_clean()

    def test_what_a_directory_was(self):
        folder = self.path("/var/lib/demo")
        folder.mkdir(parents=True, mode=0o700)
        data = bundle(directories={"/var/lib/demo": {"owner": "daemon:daemon", "mode": "0775"}}, validate=[["false"]])
        self.assertEqual(self.apply(data).returncode, 1)
        self.assertEqual((folder.stat().st_mode & 0o777, folder.stat().st_uid), (0o700, 0))


class Signals(HostTestCase):
    def interrupted(self, number):
        self.apply_well(bundle())
        mark = self.root / "validating"
        data = bundle(text="v2", validate=[["sh", "-c", f"touch {mark}; exec sleep 30"]])
        mark.unlink(missing_ok=True)
        process = self.start("apply", "demo", text=json.dumps(data))
        self.until(mark.exists)
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
        self.assertIn("interrupted", err)
        self.assertIn("everything was put back", err)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.assert_clean()
        return process.returncode

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number=number):
                self.assertEqual(self.interrupted(number), 128 + number)

    def test_caller_goes_away(self):
        self.apply_well(bundle())
        mark, go = self.root / "validating", self.root / "go"
        waiting = f"touch {mark}; while [ ! -e {go} ]; do sleep 0.05; done"
        data = bundle(text="v2", validate=[["sh", "-c", waiting]])
        process = self.start("apply", "demo", text=json.dumps(data))
        self.until(mark.exists)
        process.stdout.close()
        process.stderr.close()
        go.touch()
        self.assertEqual(process.wait(120), 128 + signal.SIGHUP)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assert_clean()

    def test_second_apply_waits_for_the_first(self):
        mark, go = self.root / "validating", self.root / "go"
        waiting = f"touch {mark}; while [ ! -e {go} ]; do sleep 0.05; done"
        first = self.start("apply", "demo", text=json.dumps(bundle(validate=[["sh", "-c", waiting]])))
        self.until(mark.exists)
        result = self.run_it("apply", "other", "--lock-timeout", "0.3", text=json.dumps(bundle("other")))
        self.assertEqual(result.returncode, 1)
        self.assertIn("waiting for `mailstack apply demo` (pid", result.stderr)
        self.assertIn("still runs after 0.3 s", result.stderr)
        second = self.start("apply", "other", text=json.dumps(bundle("other")))
        # It has asked for the lock, and says whose it is.
        self.assertIn("waiting for `mailstack apply demo`", second.stderr.readline())
        self.assertFalse(self.path("/etc/other").exists())
        go.touch()
        self.assertEqual((first.wait(120), second.wait(120)), (0, 0))
        first.communicate()
        second.communicate()
        self.assertEqual(self.read("/etc/other/other.conf"), "setting = v1\n")


class FullDisk(HostTestCase):
    """A small tmpfs: bytes or inodes run out at different moments."""

    def mount(self, options, where="/etc"):
        folder = self.path(where)
        folder.mkdir(parents=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)

    def refused(self, data):
        self.apply_well(bundle())
        before = sorted(os.listdir(self.path("/etc/demo")))
        result = self.apply(data)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
        self.assertIn("everything was put back", result.stderr)
        self.assertEqual(sorted(os.listdir(self.path("/etc/demo"))), before)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.assert_clean()

    def test_no_bytes_left(self):
        self.mount("size=64k")
        data = bundle(text="v2")
        data["files"]["/etc/demo/z.conf"] = {"owner": "root:root", "mode": "0644", "content": "x" * 100_000}
        self.refused(data)

    def test_no_inodes_left(self):
        self.mount("size=1m,nr_inodes=8")
        data = bundle(text="v2")
        for number in range(6):
            name = f"/etc/demo/n{number}.conf"
            data["files"][name] = {"owner": "root:root", "mode": "0644", "content": "x"}
        self.refused(data)

    def test_no_room_for_the_journal(self):
        self.mount("size=64k", "/var/lib/mailstack")
        self.apply_well(bundle())
        filler = self.path("/var/lib/mailstack/filler")
        with self.assertRaises(OSError), filler.open("wb", buffering=0) as file:
            for _ in range(100):
                file.write(b"x" * 4096)
        result = self.apply(bundle(text="v2"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assert_clean()
        filler.unlink()
        self.apply_well(bundle(text="v2"))

    def test_a_commit_needs_no_room(self):
        self.mount("size=64k", "/var/lib/mailstack")
        self.apply_well(bundle())
        filler = self.path("/var/lib/mailstack/filler")
        fill = f"dd if=/dev/zero of={filler} bs=4096 count=100 2>/dev/null; exit 0"
        self.apply_well(bundle(text="v2", validate=[["sh", "-c", fill]]))
        self.assertEqual(self.loaded(), "setting = v2\n")
        self.assert_clean()
        filler.unlink()
        self.assertEqual(self.run_it("verify").returncode, 0)
