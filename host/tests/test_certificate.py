"""The certificate by ACME: a lost name is left out, the host's own never is, and the authority is not asked in vain."""

import fcntl
import http.server
import json
import threading
import time

from mailstack.keys.certificate import covers, is_old
from tests.harness import HostTestCase

OWN, LOST, GOOD = "mail.example.org", "autoconfig.lost.example", "autoconfig.good.example"
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/mailstack"


class Certificate(HostTestCase):
    def setUp(self):
        super().setUp()
        hook = self.root / HOOK[1:]
        hook.parent.mkdir(parents=True)
        hook.write_text(f"#!/bin/sh\necho x >> {self.state}/reloads\n")
        hook.chmod(0o755)
        (self.root / "etc/ssl/mailstack").mkdir(parents=True)
        (self.root / "var/lib/mailstack").mkdir(parents=True)
        self.authority({})

    def authority(self, refuse):
        (self.state / "authority.json").write_text(json.dumps({"refuse": refuse}))

    def ask(self, what="issue", names=(OWN, LOST, GOOD), authenticator="webroot", **environment):
        domains = [word for name in names for word in ("--domain", name)]
        way = ["--webroot", "/w"] if authenticator == "webroot" else ["--credentials", "/c"]
        about = ["--name", OWN, "--server", "https://acme.example/dir", "--email", "a@example.org", "--advice", "do it"]
        words = [*about, "--authenticator", authenticator, *way, *domains]
        return self.run_it("certificate", what, *words, **environment)

    def asked(self):
        """The names of each order so far."""
        log = self.state / "certbot.log"
        return log.read_text().splitlines() if log.exists() else []

    def status(self):
        found = json.loads((self.root / "var/lib/mailstack/certificate.json").read_text())
        return sorted(found["refused"])

    def age(self, seconds):
        """What was refused was refused so much earlier."""
        path = self.root / "var/lib/mailstack/certificate.json"
        found = json.loads(path.read_text())
        found["refused"] = {name: when - seconds for name, when in found["refused"].items()}
        path.write_text(json.dumps(found))

    def test_a_lost_name_is_left_out_and_the_others_are_served(self):
        self.authority({LOST: "validation"})
        result = self.ask()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.asked(), [f"{OWN} {LOST} {GOOD}", f"{OWN} {GOOD}"])
        self.assertEqual(self.status(), [LOST])
        self.assertIn(f"{LOST} is left out", result.stderr)
        self.assertEqual((self.root / "etc/ssl/mailstack/live").readlink().name, OWN)
        self.assertEqual((self.state / "reloads").read_text(), "x\n")

    def test_what_the_authority_refuses_before_it_looks_is_left_out_too(self):
        for how in ('Cannot issue for \\"autoconfig.lost.example\\": policy', f"During secondary validation: {LOST}"):
            self.authority({LOST: how})
            self.assertEqual(self.ask().returncode, 0)
            self.assertEqual(self.status(), [LOST])

    def test_the_limit_of_one_domain_is_for_each_name_of_it(self):
        self.authority({LOST: 'too many certificates (50) already issued for "lost.example" in the last 168h'})
        names = (OWN, LOST, "mta-sts.lost.example", GOOD)
        self.assertEqual(self.ask(names=names).returncode, 0)
        self.assertEqual(self.status(), [LOST, "mta-sts.lost.example"])

    def test_a_domain_without_a_zone_at_the_provider_goes_with_its_wildcard(self):
        self.authority({"lost.example": "zone"})
        names = ("example.org", "*.example.org", "lost.example", "*.lost.example")
        result = self.ask(names=names, authenticator="dns-cloudflare")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.asked()[-1], "example.org *.example.org")
        self.assertEqual(self.status(), ["*.lost.example", "lost.example"])

    def test_without_the_hosts_own_name_there_is_none(self):
        self.authority({OWN: "validation", LOST: "validation"})
        result = self.ask()
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"could not verify {LOST} {OWN}: do it", " ".join(result.stderr.split()))
        self.assertEqual(len(self.asked()), 1)
        self.assertFalse((self.root / "etc/ssl/mailstack/live").is_symlink())

    def test_what_is_about_no_name_is_an_error_after_one_order(self):
        self.authority({OWN: "the server is too busy"})
        result = self.ask()
        self.assertEqual(result.returncode, 1)
        self.assertIn("The authority says: the server is too busy", result.stderr)
        self.assertEqual(len(self.asked()), 1)

    def test_a_look_asks_nobody_while_all_is_well_or_the_name_does_not_lead_here(self):
        self.ask()
        self.ask("renew")
        self.assertEqual(len(self.asked()), 1)
        self.authority({LOST: "validation"})
        self.ask()
        count = len(self.asked())
        self.age(100_000)
        # Nothing answers at that name.
        self.assertEqual(self.ask("renew").returncode, 0)
        self.assertEqual(len(self.asked()), count)

    def test_a_name_that_leads_here_again_comes_back_a_day_after_it_was_refused(self):
        class Webroot(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_arguments):
                """Quiet."""

        here = "127.0.0.1"
        (self.root / "w").mkdir()
        self.authority({"localhost": "validation"})
        self.ask(names=(OWN, "localhost"))
        self.authority({})
        server = http.server.ThreadingHTTPServer(
            (here, 0), lambda *words: Webroot(*words, directory=str(self.root / "w"))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = {"MAILSTACK_HTTP_PORT": str(server.server_port)}
        count = len(self.asked())
        self.ask("renew", (OWN, "localhost"), **port)
        self.assertEqual(len(self.asked()), count, "it was refused just now")
        self.age(100_000)
        self.ask("renew", (OWN, "localhost"), **port)
        self.assertEqual(self.asked()[count:], [f"{OWN} localhost"])
        self.assertEqual(self.status(), [])

    def test_a_look_does_not_wait_for_a_deployment_which_may_wait_for_it(self):
        lock = self.root / "run/mailstack/lock"
        lock.parent.mkdir(parents=True)
        with open(lock, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            result = self.ask("renew")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("another time", result.stderr)
        self.assertEqual(self.asked(), [])

    def test_a_renewal_drops_a_name_that_was_lost_meanwhile(self):
        self.ask()
        # Nobody can say how long it is good for: that is time for a new one.
        (self.root / "etc/letsencrypt/live" / OWN / "fullchain.pem").unlink()
        self.authority({LOST: "validation"})
        count = len(self.asked())
        result = self.ask("renew")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.asked()[count:], [f"{OWN} {LOST} {GOOD} forced", f"{OWN} {GOOD} forced"])
        self.assertEqual(self.status(), [LOST])

    def test_a_renewal_is_due_when_a_third_of_the_time_is_left(self):
        day = 86400
        self.assertFalse(is_old(time.time() - 59 * day, time.time() + 31 * day))
        self.assertTrue(is_old(time.time() - 61 * day, time.time() + 29 * day))

    def test_certbot_leaves_the_renewal_to_this_program(self):
        self.ask()
        text = (self.root / f"etc/letsencrypt/renewal/{OWN}.conf").read_text()
        self.assertIn("[renewalparams]\nautorenew = False\nallow_subset_of_names = True\n", text)

    def test_a_wildcard_is_for_one_label(self):
        self.assertTrue(covers(["*.example.org"], "mail.example.org"))
        self.assertFalse(covers(["*.example.org"], "example.org"))
        self.assertFalse(covers(["*.example.org"], "a.b.example.org"))
