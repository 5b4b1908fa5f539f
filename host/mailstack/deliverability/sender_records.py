"""What the DNS says about mail of a domain, as a receiver reads it."""

import urllib.error
import urllib.request

from ..errors import MailstackError
from ..keys.dkim import signing
from ..keys.dkim_keys import record
from .findings import Question, Unanswered, look_up

# RFC 7208, section 4.6.4.
_MOST_LOOKUPS = 10
# In no SPF record (RFC 5737): whoever asks for it asks for all of the record.
_STRANGER = "192.0.2.1"
_SECONDS = 5.0
_POLICY_BYTES = 65_536


def questions(name: str, addresses: list[str], domain: str) -> list[Question]:
    """Of one mail domain."""
    return [
        Question(f"SPF of {domain}", lambda: _spf(name, addresses, domain)),
        Question(f"DKIM of {domain}", lambda: _dkim(domain)),
        Question(f"DMARC of {domain}", lambda: _dmarc(domain)),
        Question(f"MTA-STS of {domain}", lambda: _mta_sts(name, domain)),
        Question(f"TLS reports of {domain}", lambda: _tls_reports(domain)),
    ]


def _only(name: str, tag: str, advice: str) -> str:
    """The one record of its kind: with two of them receivers take none."""
    found = [each for each in look_up(name, "TXT") if each.lower().split(";")[0].split(" ")[0] == tag]
    if len(found) != 1:
        raise MailstackError(f"{len(found)} records {tag} at {name}, must be one: {advice}")
    return found[0]


def _spf(name: str, addresses: list[str], domain: str) -> str:
    """Asked of Debian's own evaluator. It counts what receivers look up, and they give up after ten."""
    _only(domain, "v=spf1", "name other services in mailstack:spfIncludes, and run `pulumi up`")
    for address in addresses:
        result, words, _ = _asked(name, address, domain)
        if result == "temperror":
            raise Unanswered(words)
        if result != "pass":
            raise MailstackError(f"{result} for {address} ({words}): run `pulumi up`, or mend what it includes")
    result, words, lookups = _asked(name, _STRANGER, domain)
    if result == "permerror":
        raise MailstackError(f"{words}: take names out of mailstack:spfIncludes")
    return f"pass for this host, {lookups} of {_MOST_LOOKUPS} lookups, {result} for strangers"


def _asked(name: str, address: str, domain: str) -> tuple[str, str, int]:
    """Result, its words, and how many lookups it took."""
    import spf

    query = spf.query(i=address, s=f"postmaster@{domain}", h=name, timeout=_SECONDS)
    result, _, words = query.check()
    return result, words, query.lookups


def _dkim(domain: str) -> str:
    key = signing().get(domain)
    if key is None:
        raise MailstackError("no key signs: run `pulumi up`")
    where = f"{key.selector}._domainkey.{domain}"
    found = look_up(where, "TXT")
    if found != [record(key.path)]:
        raise MailstackError(f"{where} is not the key that signs: run `pulumi up --refresh`")
    return f"{where} is the key that signs"


def _dmarc(domain: str) -> str:
    """Mail of this host is signed by the domain itself: that is enough, whichever way it goes."""
    text = _only(f"_dmarc.{domain}", "v=dmarc1", "run `pulumi up --refresh`")
    policies = [
        value.strip() for key, _, value in (each.partition("=") for each in text.split(";")) if key.strip() == "p"
    ]
    policy = " ".join(policies)
    if policy == "none":
        return "p=none, mail passes by DKIM; once all of it does, set mailstack:dmarcPolicy to quarantine"
    return f"p={policy}, mail passes by DKIM"


def _mta_sts(name: str, domain: str) -> str:
    if not look_up(f"_mta-sts.{domain}", "TXT"):
        return "none; mailstack:mtaSts publishes one"
    address = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
            text = answer.read(_POLICY_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise MailstackError(f"{address}: {reason}; see `mailstack status`") from None
    fields = [line.partition(":")[::2] for line in text.splitlines()]
    if name not in [value.strip() for key, value in fields if key.strip() == "mx"]:
        raise MailstackError(f"the policy does not name {name}: run `pulumi up`")
    return f"mode {' '.join(value.strip() for key, value in fields if key.strip() == 'mode')}"


def _tls_reports(domain: str) -> str:
    return _only(f"_smtp._tls.{domain}", "v=tlsrptv1", "run `pulumi up --refresh`")
