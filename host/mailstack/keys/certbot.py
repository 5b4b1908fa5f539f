"""Certbot: one order, and what its many words say about each name."""

import os
import re
from dataclasses import dataclass, field

from ..paths import on_host
from ..programs import run
from ..safe_path import remove_tree

_LOG = "/var/log/letsencrypt/letsencrypt.log"
_ACCOUNTS = "/etc/letsencrypt/accounts/"
# An order for a hundred names waits for as many validations.
_SECONDS = 540.0
_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class Order:
    """What is the same for each order of this host."""

    # Name of the certificate among certbot's: the host's own.
    name: str
    server: str
    email: str
    authenticator: str
    options: list[str] = field(default_factory=list)
    keep_key: bool = False
    # What to do about a name that the authority does not find here.
    advice: str = ""


@dataclass(frozen=True)
class Answer:
    """How an order ended."""

    ok: bool
    said: str
    # What this run added to certbot's log.
    logged: str

    def refused(self, names: list[str]) -> set[str]:
        """Which of the names are the reason that there is no certificate. Empty: it is not about single names."""
        found = set(re.findall(r"^ *Domain: (\S+)", self.said, re.MULTILINE))
        if not found:
            details = self.details() + re.findall(r"Unable to determine zone.*", self.said + self.logged)
            found = {word for text in details for word in _NAME.findall(text.split("using zone names")[0])}
        # The limit for one registered domain: it is full for each name in it.
        full = set(re.findall(r'already issued for \\*"([a-z0-9.-]+)', " ".join(self.details())))
        return {name for name in names if _plain(name) in found or any(_below(name, domain) for domain in full)}

    def details(self) -> list[str]:
        """The authority's words (RFC 7807). In Debian 12 certbot itself hides them behind an AttributeError."""
        return sorted(set(re.findall(r'"detail": *"((?:[^"\\]|\\.)*)"', self.logged)))

    def explain(self, refused: set[str], advice: str) -> tuple[str, list[str]]:
        """One line for the administrator, and the words behind it."""
        names = " ".join(sorted({_plain(name) for name in refused}))
        if names:
            first = f"The authority could not verify {names}: {advice}"
        elif "error:rateLimited" in self.logged:
            first = "The authority's rate limit is reached; its words below say for how long."
        else:
            first = "The certificate's authority, or the DNS provider, did not answer as it should; its words are below"
        lines = [line.strip() for line in self.said.splitlines()]
        said = [line for line in lines if line and not line.startswith("- -") and "debug log" not in line]
        return first, [*(f"The authority says: {detail}" for detail in self.details()), *said]


def order(what: Order, names: list[str], force: bool) -> Answer:
    """Asks for a certificate with these names, unless there is one. A forgotten account is made anew."""
    answer = _once(what, names, force)
    # A test authority forgets all accounts whenever it starts.
    if not answer.ok and "accountDoesNotExist" in answer.logged:
        remove_tree(on_host(_ACCOUNTS + what.server.removeprefix("https://")))
        answer = _once(what, names, force)
    return answer


def _once(what: Order, names: list[str], force: bool) -> Answer:
    log = on_host(_LOG)
    before = os.path.getsize(log) if os.path.exists(log) else 0
    argv = ["certbot", "certonly", "--authenticator", what.authenticator, *what.options, "--server", what.server]
    argv += ["--non-interactive", "--agree-tos", "--no-eff-email", "--email", what.email, "--cert-name", what.name]
    argv += [word for name in names for word in ("--domain", name)]
    argv += ["--keep-until-expiring", "--renew-with-new-domains"]
    argv += ["--reuse-key" if what.keep_key else "--no-reuse-key", *(["--force-renewal"] if force else [])]
    result = run(argv, _SECONDS)
    logged = ""
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            file.seek(before if before <= os.path.getsize(log) else 0)
            logged = file.read()
    return Answer(result.code == 0, result.out + "\n" + result.err, logged)


def _plain(name: str) -> str:
    """Certbot and the authority name a wildcard by its domain."""
    return name.removeprefix("*.")


def _below(name: str, domain: str) -> bool:
    return _plain(name) == domain or _plain(name).endswith(f".{domain}")
