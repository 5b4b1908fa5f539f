"""What the tests of accounts have in common."""

import sqlite3
import subprocess

from tests.harness import HostTestCase

DATABASE = "/var/lib/mailserver/mail.db"


def declared(*users, aliases=(), domains=("a.example",), versions=None):
    """A bundle of accounts; users by local part."""
    entries = [
        {"address": f"{user}@a.example", "quotaMb": 1024, "passwordVersion": (versions or {}).get(user, 1)}
        for user in users
    ]
    names = [{"source": f"{source}@a.example", "destinations": [f"{to}@a.example"]} for source, to in aliases]
    return {
        "service": "accounts",
        "directories": {"/var/lib/mailserver": {"owner": "root:mail", "mode": "3770"}},
        "files": {},
        "accounts": {"database": DATABASE, "domains": list(domains), "users": entries, "aliases": names},
    }


class AccountsTestCase(HostTestCase):
    """A host with the word list of the password policy."""

    def setUp(self):
        super().setUp()
        words = self.path("/usr/share/dict/cracklib-small")
        words.parent.mkdir(parents=True)
        words.write_text("winter\nadministrator\npassword\nfootball\nown\nword\ncorrect\nhorse\nbattery\nstaple\n")

    def rows(self, query):
        connection = sqlite3.connect(self.path(DATABASE))
        self.addCleanup(connection.close)
        return connection.execute(query).fetchall()

    def execute(self, statement):
        """What the webmail or an intruder does."""
        with sqlite3.connect(self.path(DATABASE)) as connection:
            connection.execute(statement)
        connection.close()

    def hash_of(self, user):
        return self.rows(f"SELECT password FROM users WHERE email = '{user}@a.example'")[0][0]

    def initial(self, user):
        return self.run_it("user", "initial-password", f"{user}@a.example")

    def fits(self, password, hashed):
        """Whether openssl makes the same hash of it."""
        salt = hashed.split("$")[2]
        argv = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
        made = subprocess.run(argv, input=password, capture_output=True, text=True, check=True).stdout.strip()
        return "{SHA512-CRYPT}" + made == hashed
