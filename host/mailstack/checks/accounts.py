"""The accounts, as Postfix reads them."""

from ..accounts.damage import damage
from ..apply import manifest
from ..programs import run
from .bad import TIMEOUT, Bad

_DOMAINS = "proxy:sqlite:/etc/postfix/virtual_domains.cf"


def readable(_name: str) -> str:
    """Postfix finds its domain. When it cannot read the database, Debian 13's greets as ever and recipients wait."""
    applied = manifest.load("accounts")
    if applied and applied.accounts and (wrong := damage(applied.accounts.database)):
        raise Bad(wrong)
    domain = run(["postconf", "-h", "mydomain"], TIMEOUT).out.strip()
    answer = run(["postmap", "-q", domain, _DOMAINS], TIMEOUT)
    if answer.code != 0 or answer.out.strip() != "1":
        raise Bad(f"Postfix does not find {domain} in the database of accounts {' '.join(answer.words(1))}".strip())
    return f"Postfix finds {domain}"
