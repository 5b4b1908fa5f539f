"""What the tests of backups have in common: a host with mail and state, the real restic, a repository in a folder."""

import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from tests.harness import HostTestCase

USER = "/var/vmail/a.example/ceo/Maildir"
WEBMAIL = "/var/lib/mailstack-webmail"
# A user of every Debian, in place of those that packages make.
OTHER = "daemon"
PASSWORD = "the repository's password"
# Empty, and made by restic 0.14, but for its key: that is derived in a hundredth of a second (scrypt with N=16, of no
# use but for tests). restic's own take half of one, anew for each command.
_QUICK = Path(__file__).with_name("quick_repository")

STATE = {
    "rspamd": [{"kind": "files", "path": "/var/lib/mailstack/dkim", "owner": "root:daemon"}],
    "redis": [
        {
            "kind": "redis",
            "path": "/var/lib/redis/dump.rdb",
            "owner": "daemon:daemon",
            "mode": "0660",
            "socket": "/run/redis/redis-server.sock",
        }
    ],
    "accounts": [
        {"kind": "sqlite", "path": "/var/lib/mailserver/mail.db", "owner": "root:daemon", "mode": "0660"},
        {
            "kind": "files",
            "path": "/var/vmail",
            "owner": "daemon:daemon",
            "part": "mail",
            "exclude": ["/var/vmail/*/*/Maildir/**/tmp/*", "dovecot.index*"],
        },
    ],
    "roundcube": [{"kind": "sqlite", "path": f"{WEBMAIL}/roundcube.db", "owner": "daemon:daemon", "mode": "0600"}],
}


class BackupTestCase(HostTestCase):
    """A host that was deployed with backups; `self.repository` holds none at first."""

    def setUp(self):
        if shutil.which("restic") is None:
            self.fail("restic is missing: apt-get install restic")
        super().setUp()
        # Daemons reach their folders.
        self.root.chmod(0o755)
        self.repository = Path(tempfile.mkdtemp(prefix="mailstack-repository-"))
        self.addCleanup(shutil.rmtree, self.repository, ignore_errors=True)
        shutil.copytree(_QUICK, self.repository, dirs_exist_ok=True)
        for name in ("data", "index", "locks", "snapshots"):
            (self.repository / name).mkdir()
        self.deploy()
        self.settings()
        self.fill()

    def run_it(self, *argv, text="", **environment):
        """As the harness does, with time for a dozen runs of restic on a busy machine."""
        process = self.start(*argv, text=text, **environment)
        out, err = process.communicate(timeout=900)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def deploy(self):
        """The manifests of services with state."""
        for service, items in STATE.items():
            self.apply_well({"service": service, "files": {}, "state": items})

    def settings(self, password=PASSWORD, identity="0123456789ab", **more):
        """As templates/backup makes them."""
        folder = self.path("/etc/mailstack-backup")
        folder.mkdir(parents=True, exist_ok=True)
        values = {"hostname": "mail.a.example", "mailDays": 30, "stateDays": 365, "lateHours": 3, "appendOnly": False}
        repository = more.pop("repository", str(self.repository))
        (folder / "settings.json").write_text(json.dumps(values | more))
        for name, value in {"repository": repository, "identity": identity, "password": password}.items():
            (folder / name).write_text(value + "\n")

    def fill(self):
        """Three messages, a key, accounts, contacts."""
        for name in ("cur", "new", "tmp"):
            self.path(f"{USER}/{name}").mkdir(parents=True)
            self.path(f"{USER}/.Archive/{name}").mkdir(parents=True)
        self.letter("cur/1.a:2,S", "one")
        self.letter("new/2.b", "two")
        self.letter(".Archive/cur/3.c:2,", "three")
        self.path(f"{USER}/tmp/4.d").write_text("half of a message")
        self.path(f"{USER}/.Archive/tmp/5.e").write_text("half of a message")
        self.path(f"{USER}/dovecot.index.cache").write_text("made anew by Dovecot")
        self.own("/var/vmail")
        key = self.path("/var/lib/mailstack/dkim/a.example.mail1.key")
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text("the key")
        key.chmod(0o640)
        self.database("/var/lib/mailserver/mail.db", "own password")
        self.database(f"{WEBMAIL}/roundcube.db", "a contact")
        self.own(WEBMAIL)
        self.path("/var/lib/redis").mkdir(parents=True)
        self.path("/var/lib/redis/dump.rdb").write_text("old")

    def letter(self, name, text):
        """A message with a Message-ID."""
        path = self.path(f"{USER}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Message-ID: <{text}@a.example>\nSubject: {text}\n\n{text}\n")

    def database(self, name, text):
        """One table with one row."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE IF NOT EXISTS t (v TEXT)")
        connection.execute("DELETE FROM t")
        connection.execute("INSERT INTO t VALUES (?)", (text,))
        connection.commit()
        connection.close()

    def row(self, path):
        """What is in that row."""
        connection = sqlite3.connect(path)
        try:
            return connection.execute("SELECT v FROM t").fetchone()[0]
        finally:
            connection.close()

    def own(self, name):
        """Gives a tree to the other user."""
        owner = pwd.getpwnam(OTHER)
        for folder, _, files in os.walk(self.path(name)):
            for path in [folder, *(f"{folder}/{file}" for file in files)]:
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def back_up(self):
        """A run that must succeed; its result."""
        result = self.run_it("backup", "run", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def restic(self, *arguments):
        """restic itself, as somebody with the password."""
        folder = self.path("/etc/mailstack-backup")
        env = os.environ | {
            "RESTIC_PASSWORD_FILE": str(folder / "password"),
            "RESTIC_CACHE_DIR": str(self.root / "cache"),
        }
        argv = ["restic", "-r", str(self.repository), *arguments]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def files_of(self, snapshot):
        """Paths in a snapshot, without the test's folder."""
        lines = self.restic("ls", "--json", snapshot).splitlines()
        found = [json.loads(line) for line in lines]
        return {each["path"].removeprefix(str(self.root)) for each in found if each.get("type") == "file"}
