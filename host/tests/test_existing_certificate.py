"""The administrator's own certificate: taken when it is good, left alone when not."""

import os
import subprocess

from tests.harness import HostTestCase

NAME, OTHER = "mail.example.org", "webmail.example.org"
FOLDER = "/etc/ssl/mailstack"


class ExistingCertificate(HostTestCase):
    def setUp(self):
        super().setUp()
        self.path(FOLDER).mkdir(parents=True)
        self.path("/etc/ssl/self-signed").mkdir()
        self.path(f"{FOLDER}/live").symlink_to("../self-signed")
        self.path("/root").mkdir()
        self.make()

    def make(self, names=(NAME, OTHER)):
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        about = ["-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
        files = ["-keyout", str(self.path("/root/key.pem")), "-out", str(self.path("/root/chain.pem"))]
        subprocess.run([*words, *about, *files, "-days", "30"], check=True, capture_output=True)

    def end(self):
        """The certificate is one of the year 2020, of the same key."""
        folder = self.root / "ca"
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca = own\n[own]\ndatabase = {folder}/index.txt\nnew_certs_dir = {folder}\n"
            "rand_serial = yes\n"
            "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
        )
        key, request = str(self.path("/root/key.pem")), str(folder / "request.pem")
        make = ["openssl", "req", "-new", "-key", key, "-subj", f"/CN={NAME}", "-out", request]
        sign = ["openssl", "ca", "-batch", "-selfsign", "-config", str(folder / "ca.cnf"), "-keyfile", key]
        times = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
        for argv in (make, [*sign, "-in", request, *times, "-notext", "-out", str(self.path("/root/chain.pem"))]):
            subprocess.run(argv, check=True, capture_output=True)

    def take(self, *more):
        names = ["--name", NAME, "--name", OTHER]
        paths = ["--chain", "/root/chain.pem", "--key", "/root/key.pem"]
        return self.run_it("existing-certificate", *paths, *names, "--unit", "nginx.service", *more)

    def served(self):
        return str(self.path(f"{FOLDER}/live").readlink())

    def assert_refused(self, words):
        before = self.served()
        result = self.take()
        self.assertEqual(result.returncode, 1)
        self.assertIn(words, result.stderr)
        self.assertIn("every daemon keeps the certificate that it has", result.stderr)
        self.assertEqual(self.served(), before)
        self.assertEqual(self.calls(), [])
        self.assertLessEqual(len(list(self.path(FOLDER).glob("existing.*"))), 1)

    def test_a_good_one_is_copied_for_root_alone_and_served(self):
        result = self.take()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(self.served(), r"^existing\.[0-9a-f]{8}$")
        for name, source in (("fullchain.pem", "chain.pem"), ("privkey.pem", "key.pem")):
            copy = self.path(f"{FOLDER}/live/{name}")
            self.assertEqual(copy.read_text(), self.read(f"/root/{source}"))
            self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.calls(), ["try-reload-or-restart nginx.service"])

    def test_the_same_again_reloads_nothing_and_another_replaces_it(self):
        self.take()
        first = self.served()
        self.forget_calls()
        self.assertEqual(self.take("--patient").returncode, 0)
        self.assertEqual((self.served(), self.calls()), (first, []))
        self.make()
        self.assertEqual(self.take().returncode, 0)
        self.assertEqual([path.name for path in self.path(FOLDER).glob("existing.*")], [self.served()])
        self.assertNotEqual(self.served(), first)

    def test_what_is_wrong_is_refused_in_words(self):
        key = self.path("/root/key.pem")
        kept = key.read_text()
        key.unlink()
        self.assert_refused("/root/key.pem is not there")
        os.mkfifo(key)
        self.assert_refused("/root/key.pem is not a file")
        key.unlink()
        key.write_text("no key")
        self.assert_refused("holds no private key")
        key.write_text(kept)
        self.make()
        key.write_text(kept)
        self.assert_refused("does not belong to the certificate")
        self.make(names=(NAME,))
        self.assert_refused(f"is not for {OTHER}")
        self.end()
        self.assert_refused("has ended")
        self.path("/root/chain.pem").write_text("no certificate")
        self.assert_refused("holds no certificate")
