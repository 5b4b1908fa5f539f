"""What apply does when nothing disturbs it, and what it refuses."""

import json
import os

from tests.harness import HostTestCase, bundle


class Apply(HostTestCase):
    def test_first_apply_writes_files_and_starts_the_unit(self):
        result = self.apply_well(bundle(outputs={"word": ["echo", "hello"]}))
        self.assertEqual(json.loads(result.stdout), {"service": "demo", "outputs": {"word": "hello"}})
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        state = self.path("/etc/demo/extra.conf").stat()
        self.assertEqual((state.st_mode & 0o7777, state.st_uid), (0o640, 1))
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.assertIn("enable demo.service", self.calls())
        self.assert_clean()

    def test_same_bundle_again_changes_nothing_and_writes_nothing(self):
        data = bundle(packages=["one"], health=[{"run": ["true"]}], after=[["touch", str(self.state / "after")]])
        first = self.apply_well(data)
        self.assertTrue((self.state / "after").exists())
        (self.state / "after").unlink()
        self.forget_calls()
        before = self.on_disk()
        again = self.apply_well(data)
        self.assertEqual(again.stdout, first.stdout)
        self.assertEqual(again.stderr, "")
        self.assertEqual(self.calls(), [])
        self.assertEqual(self.on_disk(), before)
        self.assertFalse((self.state / "after").exists())

    def test_a_change_restarts_once(self):
        self.apply_well(bundle())
        self.forget_calls()
        self.apply_well(bundle(text="v2"))
        self.assertEqual([call for call in self.calls() if "reset" not in call], ["restart demo.service"])
        self.assertEqual(self.loaded(), "setting = v2\n")

    def test_a_socket_whose_address_the_kernel_still_holds_is_tried_again(self):
        units = {"demo.socket": {"onChange": "restart"}}
        self.apply_well(bundle(units=units))
        held = self.state / "demo.socket.held"
        held.write_text("once\ntwice\n")
        self.apply_well(bundle(text="v2", units=units))
        self.assertEqual(held.read_text(), "")
        held.write_text("again\n" * 20)
        result = self.apply(bundle(text="v3", units=units))
        self.assertEqual(result.returncode, 1)
        self.assertIn("Address already in use", result.stderr)

    def test_reload_falls_back_to_restart(self):
        unit = {"demo.service": {"onChange": "reload", "restartOn": ["/etc/demo/extra.conf"]}}
        self.apply_well(bundle(units=unit))
        (self.state / "demo.service.can-reload").touch()
        data = bundle(units=unit)
        data["files"]["/etc/demo/demo.conf"]["content"] = "setting = v2\n"
        self.forget_calls()
        self.apply_well(data)
        self.assertEqual(self.calls(), ["reload demo.service"])
        data["files"]["/etc/demo/extra.conf"]["content"] = "extra v2\n"
        self.apply_well(data)
        self.assertEqual(self.calls()[-1], "restart demo.service")
        (self.state / "demo.service.can-reload").unlink()
        data["files"]["/etc/demo/demo.conf"]["content"] = "setting = v3\n"
        self.forget_calls()
        self.apply_well(data)
        self.assertEqual(self.calls()[-1], "restart demo.service")

    def test_a_unit_that_must_not_run_is_stopped(self):
        self.apply_well(bundle())
        self.apply_well(bundle(units={"demo.service": {"onChange": "none", "running": False}}))
        self.assertIsNone(self.loaded())
        self.assertFalse((self.state / "demo.service.enabled").exists())

    def test_a_unit_that_must_not_run_has_not_failed_either(self):
        (self.state / "demo.service.failed").touch()
        off = bundle(files={}, units={"demo.service": {"onChange": "none", "running": False}})
        self.apply_well(off)
        self.assertEqual(self.calls(), ["reset-failed demo.service"])
        self.apply_well(off)
        self.assertEqual(self.calls(), ["reset-failed demo.service"])

    def test_what_a_timer_has_begun_ends_with_it_when_its_file_is_gone(self):
        timer = {"demo.timer": {"onChange": "none"}}
        ended = ["stop demo.service", "reset-failed demo.service"]
        for left, calls in (
            ([], []),
            (["service.active", "service.gone"], ended),
            (["service.failed", "service.gone"], ended[1:]),
            # The file of a package stays.
            (["service.active"], []),
        ):
            for stopped in (False, True):
                with self.subTest(left=left, stopped=stopped):
                    self.apply_well(bundle(units=timer))
                    for mark in left:
                        (self.state / f"demo.{mark}").touch()
                    if stopped:
                        (self.state / "demo.timer.active").unlink()
                    self.forget_calls()
                    self.apply_well(bundle(units={}))
                    first = [] if stopped else ["stop demo.timer", "reset-failed demo.timer"]
                    self.assertEqual(self.calls(), [*first, *calls, "disable demo.timer"])
                    for mark in self.state.glob("demo.service.*"):
                        mark.unlink()

    def test_a_unit_of_a_package_that_others_installed_is_left_alone(self):
        off = bundle(files={}, units={"demo.service": {"onChange": "none", "running": False, "onlyWith": "demo"}})
        for mark in ("active", "enabled"):
            (self.state / f"demo.service.{mark}").touch()
        (self.state / "installed").write_text("demo\n")
        self.apply_well(off)
        self.assertEqual(self.calls(), [])
        self.assertEqual(self.run_it("verify").returncode, 0)
        (self.state / "installed").unlink()
        self.run_it("packages", text='{"packages": ["demo"]}')
        self.forget_calls()
        self.apply_well(off)
        self.assertEqual(self.calls(), ["stop demo.service", "reset-failed demo.service", "disable demo.service"])

    def test_a_unit_file_needs_a_daemon_reload(self):
        data = bundle()
        data["files"]["/etc/systemd/system/demo.service"] = {
            "owner": "root:root",
            "mode": "0644",
            "content": "[Unit]\n",
        }
        self.apply_well(data)
        self.assertEqual(self.calls()[0].strip(), "daemon-reload")

    def test_another_program_of_the_daemons_runs_the_after_programs_again(self):
        after = [["touch", str(self.state / "after")]]
        self.apply_well(bundle(program="1", after=after))
        for program, runs in (("1", False), ("2", True)):
            (self.state / "after").unlink()
            self.apply_well(bundle(program=program, after=after))
            self.assertEqual((self.state / "after").exists(), runs)
            (self.state / "after").touch()
        self.assertEqual([call for call in self.calls() if "restart" in call], [])

    def test_a_program_that_goes_is_there_until_no_unit_starts_it_any_more(self):
        program = "/usr/local/libexec/demo"
        data = bundle()
        data["files"][program] = {"owner": "root:root", "mode": "0755", "content": "#!/bin/sh\n"}
        self.apply_well(data)
        there = ["test", "-x", str(self.path(program))]
        self.apply_well(bundle(text="v2", prepare=[there], validate=[there], after=[there]))
        self.assertIsNone(self.read(program))
        self.assert_clean()

    def test_a_stopped_unit_is_started_again_without_a_change(self):
        self.apply_well(bundle())
        (self.state / "demo.service.active").unlink()
        self.apply_well(bundle())
        self.assertEqual(self.loaded(), "setting = v1\n")

    def test_a_local_edit_is_overwritten(self):
        self.apply_well(bundle())
        self.path("/etc/demo/demo.conf").write_text("mine\n")
        os.chmod(self.path("/etc/demo/extra.conf"), 0o644)
        self.apply_well(bundle())
        self.assertEqual(self.read("/etc/demo/demo.conf"), "setting = v1\n")
        self.assertEqual(self.path("/etc/demo/extra.conf").stat().st_mode & 0o777, 0o640)

    def test_directories_get_owner_and_mode(self):
        data = bundle(directories={"/var/lib/demo": {"owner": "daemon:daemon", "mode": "2770"}})
        self.apply_well(data)
        state = self.path("/var/lib/demo").stat()
        self.assertEqual((state.st_mode & 0o7777, state.st_uid), (0o2770, 1))

    def test_groups_and_users_are_made_when_missing(self):
        users = {
            "no-such-user": {"uid": 5000, "group": "no-such-group"},
            "daemon": {"group": "daemon", "groups": ["sys"]},
        }
        self.apply_well(bundle(groups={"no-such-group": {"gid": 5000}, "daemon": {}}, users=users))
        made = self.calls("identities")
        self.assertEqual(made[0], "groupadd --system --gid 5000 no-such-group")
        self.assertTrue(made[1].startswith("useradd --system --uid 5000 --gid no-such-group"), made)
        self.assertEqual(made[2], "usermod --append --groups sys daemon")


class Refusals(HostTestCase):
    def refused(self, data, *words, raw=None):
        result = self.run_it("apply", "demo", text=json.dumps(data) if raw is None else raw)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse(self.path("/etc/demo").exists())
        self.assertEqual(self.calls(), [])

    def test_bad_bundles(self):
        file = {"owner": "root:root", "mode": "0644", "content": ""}
        self.refused(None, "not JSON", raw="{")
        self.refused(bundle(color="red"), "bundle: unknown key 'color'")
        self.refused({"service": "demo"}, "'files' is missing")
        self.refused(bundle("other"), "'other'")
        self.refused(bundle(files={"etc/x": file}), "not a plain absolute path")
        self.refused(bundle(files={"/etc/../x": file}), "not a plain absolute path")
        self.refused(bundle(files={"/etc/mailstack/secrets/x": file}), "not a bundle's to write")
        self.refused(bundle(files={"/etc/x": file | {"mode": "rw"}}), 'bundle.files["/etc/x"].mode')
        self.refused(bundle(files={"/etc/x": file | {"owner": "root"}}), "user:group")
        self.refused(bundle(files={"/etc/x": file | {"owner": "nobody-here:root"}}), "no user 'nobody-here'")
        self.refused(bundle(health=[{"tcp": "x:y"}]), "bundle.health[0].tcp")
        self.refused(bundle(health=[{}]), "exactly one of")
        self.refused(bundle(prepare=[[]]), "bundle.prepare[0]")
        self.refused(bundle(units={"demo": {"onChange": "none"}}), "unit name with its ending")
        self.refused(bundle(units={"demo.service": {"onChange": "often"}}), "one of reload, restart, none")

    def test_a_file_of_another_service(self):
        self.apply_well(bundle("other"))
        data = bundle()
        data["files"]["/etc/other/other.conf"] = data["files"]["/etc/demo/demo.conf"]
        result = self.apply(data)
        self.assertIn("belongs to the service other", result.stderr)
        self.assertEqual(self.read("/etc/other/other.conf"), "setting = v1\n")

    def test_an_unknown_secret_is_told_with_its_place(self):
        data = bundle()
        data["files"]["/etc/demo/extra.conf"]["content"] = "one\npassword = @@secret:nope@@\n"
        self.refused(data, "/etc/demo/extra.conf:2", "'nope'")
        self.assert_clean()

    def test_a_masked_unit(self):
        (self.state / "demo.service.masked").touch()
        self.refused(bundle(), "demo.service is masked")

    def test_a_directory_in_the_way(self):
        self.path("/etc/demo/demo.conf").mkdir(parents=True)
        result = self.apply(bundle())
        self.assertEqual(result.returncode, 1)
        self.assertIn("/etc/demo/demo.conf: is a directory", result.stderr)
