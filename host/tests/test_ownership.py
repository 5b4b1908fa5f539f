"""Files that were here before, files that are named no more, and the removal of a service."""

import os

from tests.harness import HostTestCase, bundle


class Ownership(HostTestCase):
    def foreign(self):
        """What a package or a person has put there."""
        folder = self.path("/etc/demo")
        folder.mkdir(parents=True)
        (folder / "demo.conf").write_text("the package's\n")
        os.chown(folder / "demo.conf", 1, 1)
        (folder / "demo.conf").chmod(0o604)
        (folder / "extra.conf").symlink_to("demo.conf")
        (folder / "other.conf").write_text("not ours\n")

    def assert_foreign(self):
        state = self.path("/etc/demo/demo.conf").stat()
        self.assertEqual((state.st_mode & 0o777, state.st_uid), (0o604, 1))
        self.assertEqual(self.read("/etc/demo/demo.conf"), "the package's\n")
        self.assertEqual(os.readlink(self.path("/etc/demo/extra.conf")), "demo.conf")
        self.assertEqual(self.read("/etc/demo/other.conf"), "not ours\n")

    def test_remove_brings_back_what_was_there(self):
        self.foreign()
        self.apply_well(bundle())
        self.assertFalse(self.path("/etc/demo/extra.conf").is_symlink())
        self.apply_well(bundle(text="v2"))
        self.assertEqual(self.run_it("remove", "demo").returncode, 0)
        self.assert_foreign()
        self.assertIsNone(self.loaded())
        self.assertFalse((self.state / "demo.service.enabled").exists())
        self.assertEqual(self.run_it("verify").returncode, 0)
        self.assertEqual(list(self.path("/var/lib/mailstack/backups/demo").iterdir()), [])
        self.assertEqual(self.run_it("remove", "demo").returncode, 0)

    def test_remove_leaves_a_unit_running_that_ran_before(self):
        self.foreign()
        (self.state / "demo.service.active").write_text("the package's\n")
        (self.state / "demo.service.enabled").touch()
        self.apply_well(bundle())
        self.assertEqual(self.loaded(), "setting = v1\n")
        self.run_it("remove", "demo")
        self.assertEqual(self.loaded(), "the package's\n")
        self.assertTrue((self.state / "demo.service.enabled").exists())

    def test_failed_apply_over_foreign_files(self):
        self.foreign()
        self.assertEqual(self.apply(bundle(validate=[["false"]])).returncode, 1)
        self.assert_foreign()
        self.assert_clean()
        self.assertEqual(list(self.path("/var/lib/mailstack/backups/demo").iterdir()), [])

    def test_a_file_named_no_more(self):
        self.foreign()
        more = bundle()
        more["files"]["/etc/demo/more.conf"] = {"owner": "root:root", "mode": "0644", "content": "more\n"}
        self.apply_well(more)
        less = bundle()
        del less["files"]["/etc/demo/demo.conf"]
        self.apply_well(less)
        self.assertIsNone(self.read("/etc/demo/more.conf"))
        self.assertEqual(self.read("/etc/demo/demo.conf"), "the package's\n")
        self.assertEqual(self.read("/etc/demo/other.conf"), "not ours\n")
        self.apply_well(bundle())
        self.run_it("remove", "demo")
        self.assert_foreign()

    def test_a_unit_named_no_more_that_has_ended_is_not_stopped_but_forgotten(self):
        self.apply_well(bundle())
        (self.state / "demo.service.active").unlink()
        (self.state / "demo.service.failed").touch()
        self.forget_calls()
        self.assertEqual(self.run_it("remove", "demo").returncode, 0)
        self.assertNotIn("stop demo.service", self.calls())
        self.assertFalse((self.state / "demo.service.failed").exists())

    def test_verify_names_each_difference(self):
        self.apply_well(bundle(packages=["one"], directories={"/var/lib/demo": {"owner": "root:root", "mode": "0700"}}))
        self.assertEqual(self.run_it("verify").returncode, 0)
        self.path("/etc/demo/demo.conf").write_text("mine\n")
        self.path("/etc/demo/extra.conf").chmod(0o644)
        os.chown(self.path("/etc/demo/extra.conf"), 0, 0)
        self.path("/var/lib/demo").rmdir()
        (self.state / "demo.service.active").unlink()
        (self.state / "installed").write_text("")
        result = self.run_it("verify")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(
            result.stdout.splitlines(),
            [
                "demo: /etc/demo/demo.conf content was changed",
                "demo: /etc/demo/extra.conf owner is root:root, not daemon:daemon",
                "demo: /etc/demo/extra.conf mode is 0644, not 0640",
                "demo: /var/lib/demo is missing or not a directory",
                "demo: demo.service is inactive, should run",
                "demo: one package is not installed",
            ],
        )
        self.apply_well(bundle("other"))
        self.assertEqual(self.run_it("verify", "other").returncode, 0)
