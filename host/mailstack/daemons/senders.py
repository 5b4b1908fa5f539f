"""Who may write as whom. The view `senders` of the accounts database has the addresses; here is what a header says.

Mail programs differ in what they take for an address in a header. Whatever one of them could show as an address of a
hosted domain counts here, so none of them can be shown a name that was not looked at.
"""

import contextlib
import email.errors
import email.header
import email.headerregistry
import email.policy
import email.utils
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator

# As in Postfix (recipient_delimiter) and Dovecot.
DELIMITER = "+"
# Headers that name who wrote or sent a message (RFC 5322, 3.6.2 and 3.6.6).
HEADERS = ("From", "Sender", "Resent-From", "Resent-Sender")

# Parsers of addresses take a time that grows with the square of the text. Nobody's name is that long.
_LONGEST = 1_000
_MOST = 10

_COMMENT = re.compile(r"\([^()]*\)")
# From the begin of a word only: otherwise the time grows with the square of a word's length.
_ADDRESS = re.compile(r'("(?:[^"\\]|\\.)*"|(?<![^\s"<>(),:;@\[\]])[^\s"<>(),:;@]+)\s*@\s*([^\s"<>(),:;@\[\]]+)')
# As in virtual_aliases.cf: a mailbox leads to itself.
_NEXT = """SELECT destination FROM aliases WHERE source = ?
    UNION SELECT email FROM users WHERE email = ? AND active = 1"""
_PARSER = email.headerregistry.HeaderRegistry()


def owners(database: sqlite3.Connection, address: str) -> set[str]:
    """Who may write as this address, as Postfix finds it: the address, without its tag, the domain's catch-all."""
    user, _, domain = address.rpartition("@")
    for key in (address, f"{user.partition(DELIMITER)[0]}@{domain}", f"@{domain}"):
        rows = database.execute("SELECT owner FROM senders WHERE address = ?", (key,)).fetchall()
        if rows:
            return {str(row[0]).lower() for row in rows}
    return set()


def hosted_domains(database: sqlite3.Connection) -> set[str]:
    """Mail domains of this host."""
    return {str(row[0]).lower() for row in database.execute("SELECT name FROM domains WHERE active = 1")}


def plain(text: str) -> str:
    """A header's text in one form only: encoded words decoded, compatible characters replaced, lower case."""
    with contextlib.suppress(email.errors.HeaderParseError, LookupError, UnicodeError, ValueError):
        text = str(email.header.make_header(email.header.decode_header(text)))
    return unicodedata.normalize("NFKC", text).casefold()


def domain_of(name: str) -> str:
    """A domain as the database has it: lower case, no last dot, an internationalised one in its ASCII form."""
    name = plain(name).strip().rstrip(".")
    try:
        return name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return name


def addresses(text: str) -> Iterator[str]:
    """Everything in a header's text that a mail program could take for an address, in lower case."""
    for variant in _variants(text):
        for user, domain in _ADDRESS.findall(variant):
            yield f"{_unquoted(user)}@{domain_of(domain)}"
        for _, address in email.utils.getaddresses([variant]):
            user, at, domain = address.rpartition("@")
            if at:
                yield f"{_unquoted(user)}@{domain_of(domain)}"


def _variants(text: str) -> Iterator[str]:
    """The text as it is, decoded, and without what RFC 5322 allows around the parts of an address."""
    text = text.replace("\r", "").replace("\n", "")
    for form in (text.lower(), plain(text)):
        yield form
        bare = form
        while (shorter := _COMMENT.sub("", bare)) != bare:
            bare = shorter
        yield bare
        yield re.sub(r"\s*([@.])\s*", r"\1", bare)


def _unquoted(user: str) -> str:
    user = plain(user).strip()
    if user.startswith('"') and user.endswith('"'):
        user = re.sub(r"\\(.)", r"\1", user[1:-1])
    return user


def written(text: str) -> list[str]:
    """The addresses of a header as RFC 5322 reads them, in lower case."""
    header = _PARSER("from", text.replace("\r", "").replace("\n", ""))
    found = [address.addr_spec for address in getattr(header, "addresses", ())]
    return [f"{_unquoted(user)}@{domain_of(domain)}" for user, _, domain in (each.rpartition("@") for each in found)]


def is_hosted(address: str, domains: Iterable[str]) -> bool:
    """Whether the address is in one of the domains, or in a name below one."""
    domain = address.rpartition("@")[2]
    return any(domain == each or domain.endswith("." + each) for each in domains)


def refusal(database: sqlite3.Connection, user: str, headers: dict[str, list[str]]) -> str:
    """Why a user who has logged in may not send a message with these headers; empty: the user may."""
    if words := _unreadable(headers):
        return words
    user = user.lower()
    domains = hosted_domains(database)
    for name in HEADERS:
        texts = headers.get(name, [])
        for text in texts:
            named = set(addresses(text)) | set(written(text))
            shown = {address for address in named if is_hosted(address, domains)} | set(written(text))
            if name == "From" and not shown:
                return f"From names no address; write as {user}"
            for address in sorted(shown):
                if user not in owners(database, address):
                    return f"{name} is {_readable(address)}, which is not an address of {user}"
        if name == "From" and len(texts) > 1:
            return "there is more than one From"
    return ""


def local_refusal(database: sqlite3.Connection, login: str, headers: dict[str, list[str]]) -> str:
    """Why a program of this host that has not logged in may not send. Of hosted domains it may use its own name,
    `login@domain`, and root's, in which cron writes for every user. Without a login: nothing of them."""
    if words := _unreadable(headers):
        return words
    domains = hosted_domains(database)
    names = {login.lower(), "root"} if login else set()
    for header, texts in headers.items():
        for text in texts:
            for address in sorted(set(addresses(text)) | set(written(text))):
                user, _, domain = address.rpartition("@")
                if is_hosted(address, domains) and not (user in names and domain in domains):
                    return f"{header} is {_readable(address)}; log in on port 587 to write as that"
    return ""


def forwarding_refusal(database: sqlite3.Connection, recipients: list[str]) -> str:
    """Why a mail that is forged in the name of a hosted domain may not go to these recipients; empty: it may.

    Sent on it would have a sender of this host, and some receivers (OpenDMARC) take SPF of `mail.example.org` for proof
    of `example.org`, also where its DMARC record says that they must not (`aspf=s`).
    """
    if any(leads_out(database, each.lower()) for each in recipients):
        return "It is written in the name of a domain of this host, so it is not sent on"
    return ""


def leads_out(database: sqlite3.Connection, recipient: str) -> bool:
    """Whether mail to this address is sent on to another server, as Postfix resolves aliases."""
    domains = hosted_domains(database)
    seen: set[str] = set()
    waiting = [recipient]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        user, _, domain = address.rpartition("@")
        if domain not in domains:
            return True
        for key in (address, f"{user.partition(DELIMITER)[0]}@{domain}", f"@{domain}"):
            rows = database.execute(_NEXT, (key, key)).fetchall()
            if rows:
                waiting += (str(row[0]).lower() for row in rows)
                break
    return False


def _unreadable(headers: dict[str, list[str]]) -> str:
    for name, texts in headers.items():
        if len(texts) > _MOST:
            return f"there are more than {_MOST} headers {name}"
        if any(len(text) > _LONGEST for text in texts):
            return f"{name} has more than {_LONGEST} characters"
    return ""


def _readable(address: str) -> str:
    """For an SMTP reply, which is one line of ASCII."""
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in address)[:200]
