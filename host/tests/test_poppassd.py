"""The webmail's way to change a password."""

from tests.accounts_case import AccountsTestCase, declared

OLD, NEW = "my own pass word", "jambo rafiki yangu"


class Poppassd(AccountsTestCase):
    def setUp(self):
        super().setUp()
        self.apply_well(declared("ceo"))
        self.run_it("user", "set-password", "ceo@a.example", text=f"{OLD}\n")

    def talk(self, *lines):
        result = self.run_it("user", "poppassd", text="".join(f"{line}\r\n" for line in lines))
        self.assertEqual(result.returncode, 0, result.stderr)
        for secret in (OLD, NEW):
            self.assertNotIn(secret, result.stderr + result.stdout)
        return result.stdout.splitlines()

    def test_change(self):
        said = self.talk("user CEO@a.example", f"pass {OLD}", f"newpass {NEW}")
        self.assertEqual([line[:3] for line in said], ["200", "300", "200", "200"])
        self.assertTrue(self.fits(NEW, self.hash_of("ceo")))

    def test_refused(self):
        for user, old, new, word in (
            ("ceo", "not this one", NEW, "old password is wrong"),
            ("nobody", OLD, NEW, "old password is wrong"),
            ("ceo", OLD, "Password1234!", "easy to guess"),
        ):
            with self.subTest(word=word, user=user):
                said = self.talk(f"user {user}@a.example", f"pass {old}", f"newpass {new}")
                self.assertRegex(said[-1], f"^500 .*{word}")
                self.assertTrue(self.fits(OLD, self.hash_of("ceo")))

    def test_other_words(self):
        for lines in ((), ("quit",), ("user ceo@a.example", "newpass x"), ("user " + "x" * 2000,)):
            with self.subTest(lines=len(lines)):
                self.assertRegex(self.talk(*lines)[-1], "^500 [a-z]+ is expected$")
